import { commands } from '../src/cli/command-table.ts';
import { runProgram } from '../src/cli/program.ts';
import { fakeIo } from './fake-io.ts';

/** What a command line ends with and writes, as `unmask` would, without a process of its own. */
export async function runCommand(
  args: readonly string[],
  given: Parameters<typeof fakeIo>[0] = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const io = fakeIo(given);
  const code = await runProgram(args, io, commands, '0.0.0');
  return { code, out: io.out, err: io.err };
}
