import type { NdArray } from '../../base/array.ts';
import { saveCheckpoint, type SaveOptions, type SaveResult } from '../../checkpoint/checkpoints.ts';
import { findCheckpoints } from '../../checkpoint/find-checkpoints.ts';
import type { FileContent } from '../../checkpoint/file-content.ts';
import { safetensorsPieces } from '../../checkpoint/safetensors-pieces.ts';
import { openSafetensors, readFloats } from '../../checkpoint/safetensors.ts';
import { FileError } from '../../base/errors.ts';
import type { Learner } from '../learner.ts';
import { readRunJson } from './run-directory.ts';
import type { RunState } from './run-state.ts';

const stateName = 'state.json';
const modelName = 'model.safetensors';
const optimizerName = 'optimizer.safetensors';

/** What a resumed run begins with. */
export interface Restored {
  /** Absent in a run that never saved a checkpoint. */
  readonly state?: RunState;
  /** Newer checkpoints that were damaged and put aside. */
  readonly damaged: readonly FileError[];
}

/**
 * Saves a run between two updates: parameters in model.safetensors, moments and averages in optimizer.safetensors, the rest
 * in state.json.
 */
export async function saveRun(
  runDirectory: string,
  state: RunState,
  learner: Learner,
  options: SaveOptions,
): Promise<SaveResult> {
  const tensors = [...learner.state()];
  const files = new Map<string, FileContent>([
    [modelName, encoded(tensors.filter(([name]) => !isOptimizers(name)))],
    [optimizerName, encoded(tensors.filter(([name]) => isOptimizers(name)))],
    [stateName, Buffer.from(`${JSON.stringify({ format: 1, ...state }, undefined, 2)}\n`)],
  ]);
  return saveCheckpoint(runDirectory, state.step, files, options);
}

/**
 * Puts the newest whole checkpoint of a run into the learner.
 *
 * @throws FileError  when there are checkpoints but none is whole, or one is of another format
 */
export async function restoreRun(runDirectory: string, learner: Learner): Promise<Restored> {
  const { latest, damaged } = await findCheckpoints(runDirectory);
  if (!latest) return { damaged };
  const tensors = new Map<string, NdArray>();
  for (const name of [modelName, optimizerName]) {
    const file = await openSafetensors(pathOf(latest, name));
    for (const tensor of file.tensors.keys()) tensors.set(tensor, await readFloats(file, tensor));
  }
  learner.restore(tensors);
  return { state: await readState(pathOf(latest, stateName)), damaged };
}

async function readState(path: string): Promise<RunState> {
  const { format, ...state } = (await readRunJson(path)) as RunState & { format: unknown };
  if (format !== 1)
    throw new FileError(
      path,
      'format 1',
      JSON.stringify(format) ?? 'none',
      'use the version of unmask that wrote it',
    );
  // a run that was begun before seconds were kept counts them from here
  const { step, tokens, skipped, validated, sampled, metricsBytes, seconds = 0 } = state;
  // a field that is missing must not quietly become 0
  const isWhole =
    [step, tokens, validated, sampled, metricsBytes].every((value) => Number.isSafeInteger(value)) &&
    Array.isArray(skipped) &&
    Number.isFinite(seconds);
  if (!isWhole)
    throw new FileError(
      path,
      'the state of a run',
      'one with a field missing',
      'resume from an older checkpoint',
    );
  return { step, tokens, skipped, validated, sampled, metricsBytes, seconds };
}

function pathOf(
  { directory, files }: { directory: string; files: ReadonlyMap<string, string> },
  name: string,
): string {
  const path = files.get(name);
  if (path === undefined)
    throw new FileError(directory, `a checkpoint of a run, with ${name}`, 'none', 'move it away');
  return path;
}

const isOptimizers = (name: string): boolean => name.startsWith('adam.') || name.startsWith('ema.');

const encoded = (tensors: readonly [string, NdArray][]): FileContent => {
  const entries = tensors.map(([name, { shape, data }]) => ({ name, shape, data }));
  return () => safetensorsPieces(entries);
};
