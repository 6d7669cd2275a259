import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { predictorOf, cachedNetwork } from '../src/language-model/network-predictor.ts';
import { causalCache, withCache } from '../src/sampling/cache.ts';
import { hole, layCanvas } from '../src/sampling/canvas.ts';
import { decoder } from '../src/sampling/decode.ts';
import { sample } from '../src/sampling/sample.ts';
import { loadTokenizer } from '../src/tokenizer/from-directory.ts';
import { readReference, referencePath } from './reference.ts';

// The likeliest texts that causal models wrote, token by token, with the exact cache and with everything computed each time.

// Llama's recorded text keeps its <s>, and has a � for every byte of a run that isn't UTF-8; ours is compared by its ids.
for (const { family, isText } of [
  { family: 'llama', isText: false },
  { family: 'qwen2', isText: true },
]) {
  const { greedy } = readReference<{
    greedy: { prompt: number[][]; output: number[][]; text: string }[];
  }>(family);
  const { network } = await openModel(referencePath(family));

  after(() => network.close());

  for (const [index, { prompt, output, text }] of greedy.entries()) {
    // no id is a mask to these models, and what is masked isn't read
    const maskId = network.config.vocabularySize;
    const [startId] = prompt[0];
    const [alone, started] = [{ isCausal: true }, { isCausal: true, startId }];
    const predictors = {
      'without a cache': () => predictorOf(network, alone),
      'with the exact cache': () => withCache(cachedNetwork(network, alone), causalCache),
      'the first token before the canvas': () => predictorOf(network, started),
      'the first token before the canvas, with the exact cache': () =>
        withCache(cachedNetwork(network, started), causalCache),
    };
    for (const [name, predictor] of Object.entries(predictors)) {
      test(`${family} greedy[${index}] is the recorded text, ${name}`, async () => {
        const predict = predictor();
        const skipped = name.startsWith('the first') ? 1 : 0;
        const [given, expected] = [prompt[0].slice(skipped), output[0].slice(skipped)];
        const canvas = layCanvas([given, hole(expected.length - given.length)], maskId);
        let forwards = 0;
        const frames = sample(
          (xt, rows, moment) => {
            forwards += 1;
            return predict(xt, rows, moment);
          },
          canvas,
          { maskId, blockLength: 1, decode: decoder({}) },
        );
        let tokens: number[] = [];
        for await (const frame of frames) tokens = [...frame.tokens];
        assert.deepEqual(tokens, expected);
        if (isText) {
          const tokenizer = await loadTokenizer(referencePath(family));
          assert.equal(tokenizer.decode(skipped ? [startId, ...tokens] : tokens), text);
        }
        assert.equal(forwards, expected.length - given.length);
      });
    }
  }
}
