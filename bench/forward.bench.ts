/**
 * Opens a model directory and times its forwards, one sequence at a time. Prints one JSON line.
 *
 *     node dist/bench/forward.bench.js DIRECTORY --cases 128:128,32:32+256      tokens:rows that get logits+cached tokens
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { KeyValues, KeyValueSize } from '../src/model/key-values.ts';
import { keyValueSizes, type Network } from '../src/model/network.ts';
import { openModel } from '../src/model/open.ts';
import { median } from './measure.ts';

/** What a process prints. */
export interface Opened {
  readonly openSeconds: number;
  /** Resident once it is open, and after the forwards. */
  readonly openedBytes: number;
  readonly residentBytes: number;
  /** Of those after the forwards, pages of files that are mapped: the system takes them back where memory is scarce. */
  readonly mappedBytes: number;
  readonly peakBytes: number;
  readonly forwards: readonly TimedForward[];
}

interface TimedForward {
  readonly tokens: number;
  readonly rows: number;
  readonly past: number;
  readonly seconds: number;
  readonly minSeconds: number;
}

/** A past of made-up keys and values: the same numbers everywhere, each time in memory of their own. */
function pastOf({ config }: Network, length: number): KeyValues {
  const bytes = randomFillSync(new Uint8Array(1 << 20));
  const some = Float32Array.from(bytes, (byte) => (byte - 127.5) / 128);
  const numbers = ({ kvHeads, headWidth }: KeyValueSize) => {
    const data = new Float32Array(kvHeads * length * headWidth);
    for (let at = 0; at < data.length; at += some.length) data.set(some.subarray(0, data.length - at), at);
    return { shape: [1, kvHeads, length, headWidth], data };
  };
  return {
    positions: { shape: [1, length], data: Int32Array.from({ length }, (_, i) => i) },
    layers: keyValueSizes(config).map((size) => ({ key: numbers(size), value: numbers(size) })),
  };
}

/** Bytes of files in this process's memory, where the system tells. */
function mapped(): number {
  if (process.platform !== 'linux') return 0;
  const [, kibibytes] = readFileSync('/proc/self/status', 'utf8').match(/RssFile:\s+(\d+) kB/) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '128:128' },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
  },
});

const cases = values.cases.split(',').map((text) => {
  const [tokens, rows, past = 0] = text.split(/[:+]/).map(Number);
  return { tokens, rows, past };
});
const start = performance.now();
const { network } = await openModel(positionals[0], { threads: Number(values.threads) });
const forward = async (tokens: number, rows: number, past?: KeyValues): Promise<number> => {
  const data = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % network.config.vocabularySize);
  const wanted = Int32Array.from({ length: rows }, (_, i) => tokens - rows + i);
  const begin = performance.now();
  const canvas = { shape: [1, tokens], data };
  const { data: logits } = past
    ? (await network.extend(canvas, wanted, past)).logits
    : await network.logits(canvas, wanted);
  const seconds = (performance.now() - begin) / 1000;
  if (!logits.every(Number.isFinite)) throw new Error('the logits are not finite');
  return seconds;
};
// the session is made with the first forward
await forward(1, 1, cases[0].past ? pastOf(network, 1) : undefined);
const openSeconds = (performance.now() - start) / 1000;
const openedBytes = process.memoryUsage.rss();

const forwards: TimedForward[] = [];
for (const { tokens, rows, past } of cases) {
  const before = past ? pastOf(network, past) : undefined;
  const seconds: number[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++)
    seconds.push(await forward(tokens, rows, before));
  if (seconds.length > 0)
    forwards.push({ tokens, rows, past, seconds: median(seconds), minSeconds: Math.min(...seconds) });
}
const residentBytes = process.memoryUsage.rss();
const mappedBytes = mapped();
await network.close();
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(
  JSON.stringify({
    openSeconds,
    openedBytes,
    residentBytes,
    mappedBytes,
    peakBytes,
    forwards,
  } satisfies Opened),
);
