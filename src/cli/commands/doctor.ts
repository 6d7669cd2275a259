import { z } from 'zod';
import type { Diagnosis } from '../../runtime/diagnosis.ts';
import type { Command, Io } from '../command.ts';
import { colorsFor } from '../terminal/colors.ts';
import { visible } from '../terminal/visible.ts';
import { linesFor } from '../terminal/wrap.ts';

const options = z.strictObject({
  json: z.boolean().default(false).describe('prints a line of JSON for each device'),
});

const command: Command<typeof options> = {
  summary: 'Says where networks can run here, what was checked, and how to get what is missing',
  options,
  examples: [
    ['unmask doctor', 'the CPU, WebGPU and CUDA'],
    ['unmask doctor --json', 'for another program, with every number'],
  ],
  async run({ json }, io) {
    const { diagnoseDevices } = await import('../../runtime/diagnosis.ts');
    let code = 0;
    for await (const diagnosis of diagnoseDevices()) {
      io.signal.throwIfAborted();
      if (diagnosis.device === 'cpu' && !diagnosis.works) code = 2;
      io.stdout.write(json ? `${JSON.stringify(diagnosis)}\n` : reportLines(diagnosis, io));
    }
    return code;
  },
};

export default command;

/** A line that says whether the device works, and under it what a person can do. */
export function reportLines(diagnosis: Diagnosis, io: Pick<Io, 'stdout' | 'env'>): string {
  const { device, works, operations, expanded, problem, missing, remedy } = diagnosis;
  const colors = colorsFor(io.stdout, io.stdout.isTTY ? io.env : {});
  const verdict = works
    ? `works: ${operations.length} computations compared`
    : `does not work: ${visible(problem ?? '')}`;
  const details = [
    ...expanded.map((operation) => `${operation} is written out: ${wrongness(operation, operations)}`),
    ...missing.map(({ name, from }) => `${name} is missing; it comes with ${from}`),
    ...(remedy === undefined ? [] : [remedy]),
  ];
  const linesOf = (text: string): string[] => linesFor(text, io.stdout, { taken: 8, least: 24 });
  const said = linesOf(verdict).map((line) => (works ? line : colors.yellow(line)));
  return [...said, ...details.flatMap(linesOf)]
    .map((line, i) => `${(i === 0 ? device : '').padEnd(8)}${line}\n`)
    .join('');
}

function wrongness(operation: string, operations: Diagnosis['operations']): string {
  const ofIt = operations.filter((check) => check.operation === operation);
  if (ofIt.some(({ error }) => Number.isNaN(error))) return `the engine can't do it here (${ofIt[0].case})`;
  const worst = ofIt.reduce((a, b) => (b.error > a.error ? b : a));
  return `the engine's own operator is wrong here by ${(100 * worst.error).toPrecision(2)} % (${worst.case})`;
}
