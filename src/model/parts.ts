import { availableParallelism } from 'node:os';
import type { Device } from '../runtime/device.ts';

/** From so many bytes of weights on a graph is opened in parts: a gigabyte takes seconds to prepare, and a thread a moment to begin. */
const largeBytes = 2e9;
/** With more of them memory is what all wait for. */
const maxParts = 4;

/**
 * In how many parts, each on a thread of its own, a network is opened.
 *
 * @param bytes    that its weights take
 * @param threads  of the CPU. Default: as many as there are cores
 */
export const graphParts = (
  bytes: number,
  layers: number,
  { device = 'cpu', threads }: { readonly device?: Device; readonly threads?: number } = {},
): number =>
  device === 'cpu' && bytes > largeBytes ? Math.min(threads ?? availableParallelism(), maxParts, layers) : 1;
