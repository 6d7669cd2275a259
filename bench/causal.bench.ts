/**
 * Opens a GGUF file with unmask or with node-llama-cpp, reads a prompt and writes tokens behind it, the likeliest each time.
 * Prints one JSON line.
 *
 *     node dist/bench/causal.bench.js FILE --prompt 64 --tokens 128 [--peer FOLDER]      FOLDER: where node-llama-cpp is installed
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from '../src/language-model/load.ts';
import { madeUpText } from './made-up-gguf.ts';

/** What a process prints. */
export interface CausalSpeed {
  /** Until the first token stands. */
  readonly prefillMs: number;
  readonly decodeTokensPerSecond: number;
  readonly openSeconds: number;
  readonly peakBytes: number;
}

/** Calls back for every token that is written. */
type Write = (text: string, tokens: number, onToken: () => void) => Promise<void>;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '128' },
    threads: { type: 'string', default: '2' },
    peer: { type: 'string' },
  },
});
const [path] = positionals;
const [promptTokens, tokens] = [Number(values.prompt), Number(values.tokens)];
const start = performance.now();
const write = await (values.peer === undefined ? openOurs() : openPeer(values.peer));
// the second of two texts counts: what is made once is made by then
await write(madeUpText(8), 2, () => {});
const openSeconds = (performance.now() - start) / 1000;
const times: number[] = [];
const begin = performance.now();
await write(madeUpText(promptTokens), tokens, () => void times.push(performance.now() - begin));
if (times.length !== tokens) throw new Error(`${times.length} tokens were written, not ${tokens}`);
console.log(
  JSON.stringify({
    prefillMs: times[0],
    decodeTokensPerSecond: ((tokens - 1) / (times.at(-1)! - times[0])) * 1000,
    openSeconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  } satisfies CausalSpeed),
);
process.exit();

async function openOurs(): Promise<Write> {
  const model = await load(path);
  return async (prompt, length, onToken) => {
    let written = -1;
    for await (const { step } of model.sample({ prompt, length, temperature: 0, stopEarly: false })) {
      if (step > written && step > 0) onToken();
      written = step;
    }
  };
}

/** The part of node-llama-cpp that is used. */
interface Llama {
  loadModel(options: object): Promise<{
    tokenize(text: string): number[];
    tokens: { readonly bos: number };
    createContext(options: object): Promise<{
      getSequence(): {
        evaluate(tokens: number[], options: object): AsyncIterable<number>;
        clearHistory(): Promise<void>;
      };
    }>;
  }>;
}

async function openPeer(folder: string): Promise<Write> {
  const entry = createRequire(join(folder, 'package.json')).resolve('node-llama-cpp');
  const { getLlama } = (await import(pathToFileURL(entry).href)) as {
    getLlama(options: object): Promise<Llama>;
  };
  const threads = Number(values.threads);
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath: path });
  const contextSize = 256 * Math.ceil((promptTokens + tokens + 64) / 256);
  const context = await model.createContext({ contextSize, threads, batchSize: 512 });
  const sequence = context.getSequence();
  return async (text, count, onToken) => {
    await sequence.clearHistory();
    let written = 0;
    const ids = [model.tokens.bos, ...model.tokenize(text)];
    for await (const _ of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
      onToken();
      if (++written === count) break;
    }
  };
}
