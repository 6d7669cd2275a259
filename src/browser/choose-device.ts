import { DeviceLostError, UnsupportedError } from '../base/errors.ts';
import type { Device } from '../runtime/device.ts';
import { checkDevice } from '../runtime/device-check.ts';
import { answerMs } from '../runtime/engine-web.ts';
import { noAnswer } from '../runtime/loss-watch.ts';
import { warmUpEngine } from '../runtime/warm-up.ts';

/** Where a page may be asked to compute: WebGPU, the processor by WebAssembly, or whichever is right and fast here. */
export type PageDevice = 'auto' | 'webgpu' | 'wasm';

/** Where a model computes, and why there. */
export interface ChosenDevice {
  readonly device: 'webgpu' | 'wasm';
  readonly why: string;
}

/**
 * Chooses a device, and has its engine begin: it is downloaded and compiled while the files of a model come.
 *
 * @returns  the choice, and what the engine calls the device
 * @throws UnsupportedError  as `chooseDevice`
 */
export async function startDevice(asked?: PageDevice): Promise<{ chosen: ChosenDevice; device: Device }> {
  const chosen = await chooseDevice(asked);
  const device = chosen.device === 'wasm' ? 'cpu' : 'webgpu';
  // what fails is said when the network opens
  void warmUpEngine(device).catch(() => {});
  return { chosen, device };
}

/**
 * The GPU where there is one that computes rightly, else the CPU.
 *
 * @throws UnsupportedError  where `webgpu` was asked for and can't be had
 */
export async function chooseDevice(asked: PageDevice = 'auto'): Promise<ChosenDevice> {
  if (asked === 'wasm') return { device: 'wasm', why: `as asked; ${threadsHere()}` };
  const problem = await problemOfGpu(asked === 'webgpu');
  if (problem !== undefined) {
    if (asked === 'webgpu')
      throw new UnsupportedError(`webgpu: ${problem}; the CPU can be had with device: 'wasm'`);
    return { device: 'wasm', why: `${problem}; ${threadsHere()}` };
  }
  const { expanded } = await checkDevice('webgpu');
  const written =
    expanded.size > 0
      ? `, with ${[...expanded].join(' and ')} written out, as its own way is wrong or missing here`
      : '';
  return { device: 'webgpu', why: `the GPU passed the check${written}` };
}

/** Why the GPU isn't used; undefined where it is right. @param always  even a slow one in software */
async function problemOfGpu(always: boolean): Promise<string | undefined> {
  if (!('gpu' in navigator)) return 'this browser has no WebGPU';
  const gpu = navigator.gpu as { requestAdapter(): Promise<Adapter | null> };
  const adapter = await Promise.race([gpu.requestAdapter().catch(() => null), after(answerMs())]);
  if (adapter === 'late') return noAnswer(answerMs());
  if (!adapter) return 'WebGPU has no adapter here';
  if (!always && (adapter.isFallbackAdapter || adapter.info?.isFallbackAdapter || isSoftware(adapter)))
    return 'the only adapter of WebGPU is in software, which is slower';
  try {
    await checkDevice('webgpu');
    return undefined;
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).replace(/^webgpu: /, '');
    // what to do about a GPU that is gone is done: the CPU is asked
    return error instanceof DeviceLostError ? message.split(': ')[0] : message;
  }
}

const after = (ms: number): Promise<'late'> => new Promise((resolve) => setTimeout(resolve, ms, 'late'));

interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}

const isSoftware = ({ info }: Adapter): boolean => /swiftshader|llvmpipe/i.test(info?.architecture ?? '');

const threadsHere = (): string =>
  globalThis.crossOriginIsolated
    ? 'the CPU has several threads, as the page is isolated'
    : 'the CPU has one thread, as the page is not isolated (COOP and COEP)';
