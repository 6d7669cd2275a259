import { UnsupportedError } from '../base/errors.ts';
import type { GraphEngine, OpenEngine } from './engine.ts';

/** How the engine of a page is had. */
export interface WebEngineSettings {
  /**
   * Address of the folder that `ort-wasm-simd-threaded.wasm` and `ort-wasm-simd-threaded.asyncify.wasm` of onnxruntime-web
   * are served from. Default: where the bundler put them.
   */
  readonly folder?: string;
  /** Threads of the CPU, where the page is isolated from others (COOP and COEP); elsewhere it is one. Default: half of the cores, at most 4. */
  readonly threads?: number;
  /** How long a GPU may take to be found, to be opened, and for a product of its check, before the CPU computes. Default: a minute. */
  readonly answerMs?: number;
}

type Build = typeof import('onnxruntime-web/wasm');

/** The builds of the engine: that for the CPU alone is half as large. */
const builds = {
  cpu: { file: 'ort-wasm-simd-threaded.wasm', load: () => import('onnxruntime-web/wasm') },
  webgpu: {
    file: 'ort-wasm-simd-threaded.asyncify.wasm',
    load: (): Promise<Build> => import('onnxruntime-web/webgpu'),
  },
};

// a page has one engine, which is set up once, as that of Node is
let settings: WebEngineSettings = {};
const loaded = new Map<keyof typeof builds, Promise<Build>>();
/** Why the GPU isn't asked any more: one that was lost or never answers its engine asks again for ever. */
let givenUp: Error | undefined;

/** Says how the engine is had; after it was loaded this changes nothing. */
export function configureEngine(given: WebEngineSettings): void {
  settings = given;
}

/** How long a GPU is waited for. */
export const answerMs = (): number => settings.answerMs ?? 60_000;

/**
 * ONNX Runtime in a page: WebGPU, or the CPU by WebAssembly.
 *
 * @throws UnsupportedError  where the page has no such device
 */
export const openEngine: OpenEngine = async (device) => {
  if (device === 'cuda')
    throw new UnsupportedError('cuda: a page has no CUDA; its devices are webgpu and cpu');
  if (device === 'webgpu' && givenUp) throw givenUp;
  // the build with WebGPU has the CPU, too
  const name = device === 'cpu' && loaded.has('webgpu') && !givenUp ? 'webgpu' : device;
  const build = loaded.get(name) ?? load(name);
  loaded.set(name, build);
  build.catch(() => loaded.delete(name));
  const engine: Omit<GraphEngine, 'ort'> =
    device === 'cpu'
      ? { provider: 'wasm', remedy: 'the graph cannot be prepared: ' }
      : {
          provider: 'webgpu',
          remedy: 'cannot be opened: ',
          lost: () => build.then(whyLost),
          answerMs: answerMs(),
          giveUp: (why) => void (givenUp ??= why),
        };
  return { ort: (await build) as unknown as GraphEngine['ort'], ...engine };
};

/** Resolves when the GPU of the engine is lost, which it has once a session is open there. */
async function whyLost({ env }: Build): Promise<string> {
  const { lost } = (await env.webgpu?.device) ?? { lost: new Promise<never>(() => {}) };
  const { message, reason } = await lost;
  return message.split('\n')[0].replace(/\.$/, '') || reason;
}

async function load(name: keyof typeof builds): Promise<Build> {
  const { folder, threads } = settings;
  const { file, load: loadBuild } = builds[name];
  let build: Build;
  try {
    build = await loadBuild();
  } catch (cause) {
    throw new UnsupportedError("onnxruntime-web, which runs the networks, can't be loaded", { cause });
  }
  const { wasm } = build.env;
  if (folder !== undefined) wasm.wasmPaths = { wasm: new URL(file, new URL(folder, location.href)).href };
  if (threads !== undefined) wasm.numThreads = threads;
  return build;
}
