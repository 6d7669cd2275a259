import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteTokenizer, modelThatKnows } from '../../../test/fake-model.ts';
import { asker, type Json, startFakeServer } from '../../../test/fake-server.ts';

test('embeddings as OpenAI, Ollama and llama.cpp give them', async (t) => {
  const ask = asker(await startFakeServer(t, { story: () => modelThatKnows('') }));
  const json = async (path: string, body: object): Promise<Json> => (await ask(path, { body })).json();
  // by hand: the fake's hidden states are each token's parity, and 1; "a" is odd, "b" even
  const lengths = Math.hypot(0.5, 1);
  const expected = [0.5 / lengths, 1 / lengths].map(Math.fround);
  const one = await json('/v1/embeddings', { model: 'story', input: 'ab' });
  assert.deepEqual([one.data[0].embedding, one.usage.prompt_tokens], [expected, 2]);
  const several = {
    input: [byteTokenizer.encode('ab'), byteTokenizer.encode('b')],
    encoding_format: 'base64',
  };
  const { data } = await json('/v1/embeddings', several);
  const decoded = data.map(({ embedding }: Json) => {
    const bytes = Buffer.from(embedding, 'base64');
    return [bytes.readFloatLE(0), bytes.readFloatLE(4)];
  });
  assert.deepEqual(decoded, [expected, [0, 1]]);
  assert.deepEqual((await json('/v1/embeddings', { input: 'ab', dimensions: 1 })).data[0].embedding, [1]);
  assert.deepEqual((await json('/api/embed', { model: 'story', input: ['ab', 'b'] })).embeddings, [
    expected,
    [0, 1],
  ]);
  assert.deepEqual((await json('/api/embed', { model: 'story' })).embeddings, []);
  assert.deepEqual((await json('/api/embeddings', { model: 'story', prompt: 'ab' })).embedding, expected);
  assert.deepEqual(await json('/embedding', { content: ['ab'] }), [{ index: 0, embedding: [expected] }]);
  for (const mistake of [{ input: '' }, { input: [], dimensions: 0 }, { input: 'a', dimensions: 3 }, {}])
    assert.equal((await ask('/v1/embeddings', { body: mistake })).status, 400, JSON.stringify(mistake));
});
