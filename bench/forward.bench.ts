/**
 * Opens a model directory and times its forwards, one sequence at a time. Prints one JSON line.
 *
 *     node dist/bench/forward.bench.js DIRECTORY --cases 128:128,32:32      tokens:rows that get logits
 */
import { parseArgs } from 'node:util';
import { openModel } from '../src/model/open.ts';
import { median } from './measure.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '128:128' },
    repeats: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
  },
});

const start = performance.now();
const { network } = await openModel(positionals[0], { threads: Number(values.threads) });
// the session is made with the first forward
await network.logits({ shape: [1, 1], data: Int32Array.of(1) }, Int32Array.of(0));
const openSeconds = (performance.now() - start) / 1000;
const openedBytes = process.resourceUsage().maxRSS * 1024;

const forwards: { tokens: number; rows: number; seconds: number; minSeconds: number }[] = [];
for (const [tokens, rows] of values.cases.split(',').map((pair) => pair.split(':').map(Number))) {
  const data = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % network.config.vocabularySize);
  const wanted = Int32Array.from({ length: rows }, (_, i) => tokens - rows + i);
  const seconds: number[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    const begin = performance.now();
    const { data: logits } = await network.logits({ shape: [1, tokens], data }, wanted);
    seconds.push((performance.now() - begin) / 1000);
    if (!logits.every(Number.isFinite)) throw new Error('the logits are not finite');
  }
  forwards.push({ tokens, rows, seconds: median(seconds), minSeconds: Math.min(...seconds) });
}
await network.close();
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ openSeconds, openedBytes, peakMemoryBytes, forwards }));
