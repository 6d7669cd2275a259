import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A library that the CUDA provider of ONNX Runtime opens, and what brings it. */
export interface NeededLibrary {
  readonly name: string;
  readonly from: string;
}

const provider: NeededLibrary = {
  name: 'libonnxruntime_providers_cuda.so',
  from: 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false',
};

/** Of CUDA 12, as the provider is linked; 13 and 11 have other names. */
const needed: readonly NeededLibrary[] = [
  { name: 'libcuda.so.1', from: "NVIDIA's driver, 525 or later" },
  { name: 'libcudart.so.12', from: 'CUDA 12' },
  { name: 'libcublas.so.12', from: 'CUDA 12' },
  { name: 'libcublasLt.so.12', from: 'CUDA 12' },
  { name: 'libcufft.so.11', from: 'CUDA 12' },
  { name: 'libcurand.so.10', from: 'CUDA 12' },
  { name: 'libcudnn.so.9', from: 'cuDNN 9 for CUDA 12' },
];

/** Who is asked which libraries there are. */
export interface Libraries {
  /** Folders that the engine's own libraries lie in. */
  readonly engineFolder: string | undefined;
  has(name: string): boolean;
}

/** What the device `cuda` lacks here, by name. It says nothing of systems that the provider isn't made for. */
export function missingCudaLibraries(libraries: Libraries = installedLibraries()): readonly NeededLibrary[] {
  const { engineFolder } = libraries;
  const hasProvider = engineFolder !== undefined && existsSync(join(engineFolder, provider.name));
  return [...(hasProvider ? [] : [provider]), ...needed.filter(({ name }) => !libraries.has(name))];
}

/** The libraries that the system's loader finds. */
function installedLibraries(): Libraries {
  const folders = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  const known = loaderCache();
  return {
    engineFolder: engineFolder(),
    has: (name) => known.has(name) || folders.some((folder) => existsSync(join(folder, name))),
  };
}

/** The names in the cache of the dynamic loader; none where there is no `ldconfig`. */
function loaderCache(): ReadonlySet<string> {
  for (const ldconfig of ['ldconfig', '/sbin/ldconfig']) {
    try {
      const lines = execFileSync(ldconfig, ['-p'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return new Set(lines.split('\n').map((line) => line.trim().split(' ')[0]));
    } catch {
      // the next place
    }
  }
  return new Set();
}

function engineFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
    return join(dirname(entry), 'bin', 'napi-v6', process.platform, process.arch);
  } catch {
    return undefined;
  }
}
