import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openModel } from '../src/model/open.ts';
import { predictorOf, rememberingNetwork } from '../src/predictors.ts';
import { causalCache, withCache } from '../src/sampling/cache.ts';
import { hole, layCanvas } from '../src/sampling/canvas.ts';
import { decoder } from '../src/sampling/decode.ts';
import { sample } from '../src/sampling/sample.ts';
import { readReference, referencePath, skipWithout } from './reference.ts';

// The likeliest texts that causal models wrote, token by token, with the exact cache and with everything computed each time.

for (const family of ['llama', 'qwen2']) {
  const { skip } = skipWithout(family);
  if (skip) {
    test(`the recorded texts of ${family} are written again`, { skip });
    continue;
  }
  const { greedy } = readReference<{
    greedy: { prompt: number[][]; output: number[][] }[];
  }>(family);
  const { network } = await openModel(referencePath(family));

  after(() => network.close());

  for (const [index, { prompt, output }] of greedy.entries()) {
    // the first token stands before the canvas; no id is a mask to these models, and what is masked isn't read
    const [startId, ...given] = prompt[0];
    const expected = output[0].slice(1);
    const maskId = network.config.vocabularySize;
    const canvas = layCanvas([given, hole(expected.length - given.length)], maskId);
    const read = (xt: Int32Array) => xt.map((token) => (token === maskId ? 0 : token));
    const predictors = {
      'without a cache': () => predictorOf(network, { startId }),
      'with the exact cache': () => withCache(rememberingNetwork(network, { startId }), causalCache),
    };
    for (const [name, predictor] of Object.entries(predictors)) {
      test(`${family} greedy[${index}] is the recorded text, ${name}`, async () => {
        const predict = predictor();
        let forwards = 0;
        const frames = sample(
          (xt, rows, moment) => {
            forwards += 1;
            return predict(read(xt), rows, moment);
          },
          canvas,
          { maskId, blockLength: 1, decode: decoder({}) },
        );
        let tokens: number[] = [];
        for await (const frame of frames) tokens = [...frame.tokens];
        assert.deepEqual(tokens, expected);
        assert.equal(forwards, expected.length - given.length);
      });
    }
  }
}
