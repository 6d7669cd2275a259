/**
 * `npm run bench:causal`: a causal model of 134 million random weights in GGUF files, in floats, Q8_0 and Q4_0, run by unmask and
 * by llama.cpp (node-llama-cpp, which npm puts into a temporary folder), in turn, each time in a fresh process: milliseconds
 * to read a prompt, tokens a second behind it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import type { CausalSpeed } from './causal.bench.ts';
import { madeUpTypes, type MadeUpType, writeMadeUpGguf } from './made-up-gguf.ts';
import { median } from './measure.ts';
import { installLlama } from './peer-llama.ts';

const { values } = parseArgs({
  options: {
    types: { type: 'string', default: madeUpTypes.join(',') },
    prompt: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    directory: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});

const program = fileURLToPath(new URL('causal.bench.js', import.meta.url));
const folder = await mkdtemp(join(values.directory, 'unmask-causal-'));
try {
  const peer = installLlama(folder);
  console.log(`${values.prompt} tokens read, ${values.tokens} written; medians of ${values.rounds}`);
  for (const type of values.types.split(',')) {
    const file = join(folder, `${type}.gguf`);
    await writeMadeUpGguf(file, type as MadeUpType);
    const [ours, theirs]: [CausalSpeed[], CausalSpeed[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(await measure(file));
      theirs.push(await measure(file, ['--peer', peer]));
    }
    report(type, middle(ours), middle(theirs));
    await rm(file);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(file: string, more: readonly string[] = []): Promise<CausalSpeed> {
  const { prompt, tokens, threads } = values;
  const args = [program, file, '--prompt', prompt, '--tokens', tokens, '--threads', threads, ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as CausalSpeed;
}

/** The median of each number. */
function middle(runs: readonly CausalSpeed[]): CausalSpeed {
  const of = (key: keyof CausalSpeed) => median(runs.map((run) => run[key]));
  return {
    prefillMs: of('prefillMs'),
    decodeTokensPerSecond: of('decodeTokensPerSecond'),
    openSeconds: of('openSeconds'),
    peakBytes: of('peakBytes'),
  };
}

function report(type: string, ours: CausalSpeed, theirs: CausalSpeed): void {
  if (values.json) {
    console.log(JSON.stringify({ type, unmask: ours, llama: theirs }));
    return;
  }
  const [decode, prefill] = [
    ours.decodeTokensPerSecond / theirs.decodeTokensPerSecond,
    theirs.prefillMs / ours.prefillMs,
  ];
  const line = ({ decodeTokensPerSecond, prefillMs, openSeconds, peakBytes }: CausalSpeed) =>
    `${decodeTokensPerSecond.toFixed(1)} tokens/s, prompt ${prefillMs.toFixed(0)} ms, opens in ${openSeconds.toFixed(1)} s, ${(peakBytes / 1e9).toFixed(2)} GB`;
  console.log(`${type}\n  unmask     ${line(ours)}\n  llama.cpp  ${line(theirs)}`);
  console.log(`  ratios     decode ${decode.toFixed(2)}, prefill ${prefill.toFixed(2)} (at least 1)`);
}
