import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of node-llama-cpp, and of the package that has llama.cpp compiled for the processor. */
const version = '3.22.1';

/** Packages of compiled programs by platform and architecture; without a GPU. */
const compiled: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin x64': 'mac-x64',
  'darwin arm64': 'mac-arm64-metal',
  'win32 x64': 'win-x64',
  'win32 arm64': 'win-arm64',
};

/**
 * A folder that has node-llama-cpp: the one that UNMASK_NODE_LLAMA_CPP names, else `folder`, into which npm puts it. Nothing
 * of it is a dependency of ours.
 */
export function installLlama(folder: string): string {
  const named = process.env.UNMASK_NODE_LLAMA_CPP;
  if (named !== undefined) return named;
  const program = compiled[`${process.platform} ${process.arch}`];
  if (program === undefined) throw new Error(`node-llama-cpp has nothing compiled for this machine`);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`node-llama-cpp@${version}`, `@node-llama-cpp/${program}@${version}`];
  // its optional packages are those for all kinds of GPUs
  const options = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', ...options, ...packages], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  return folder;
}
