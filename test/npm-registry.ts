import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
}

/** Runs a program to its end; what it prints on both streams is one text. */
export function runToEnd(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const isWindows = process.platform === 'win32';
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { cwd, env: { ...process.env, ...env }, shell: isWindows, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) || 1 : 0, out: stdout + stderr }),
    );
  });
}

const unreachable =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|E5\d\d|fetch failed|Couldn't find package|Request was cancelled/;

/** Skips a test whose package manager reached no registry, which alone is no fault of ours. */
export function skipWithoutRegistry(t: TestContext, { code, out }: Ended): boolean {
  if (code === 0 || !unreachable.test(out)) return false;
  t.skip(`no npm registry can be reached: ${unreachable.exec(out)![0]}; it needs one, or a filled npm cache`);
  return true;
}
