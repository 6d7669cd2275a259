import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Measurement } from './measure.ts';

const execute = promisify(execFile);
/** Where the compiled benchmarks lie. */
const folder = fileURLToPath(new URL('./', import.meta.url));
const script = fileURLToPath(new URL('../../bench/peers/torch_train.py', import.meta.url));

/** Runs a benchmark in a process of its own and reads the JSON line that it prints. */
export async function run(program: string, args: readonly string[]): Promise<Measurement> {
  const { stdout } = await execute(program, args, { cwd: folder });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measurement;
}

/**
 * A Python that has PyTorch: the one that UNMASK_PEER_PYTHON names, else `python3` or `python` of the PATH.
 *
 * @returns the program and the peer's script, or why there is none
 */
export async function findTorch(): Promise<{ python: string; script: string } | { problem: string }> {
  const named = process.env.UNMASK_PEER_PYTHON;
  const candidates = named === undefined ? ['python3', 'python'] : [named];
  for (const python of candidates) {
    const found = await execute(python, ['-c', 'import torch']).catch(() => undefined);
    if (found) return { python, script };
  }
  return {
    problem: `${candidates.join(' and ')} cannot import torch; name a Python that can in UNMASK_PEER_PYTHON`,
  };
}
