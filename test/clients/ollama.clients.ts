import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedServer, clientPackage, person, personSchema, weatherSchema } from './asked-server.ts';

const { Ollama } = await clientPackage('ollama');

test('ollama: chat, tools, formats, gaps, lists', async (t) => {
  const { url } = await askedServer(t);
  const client = new Ollama({ host: url });
  const options = { num_predict: 80, seed: -1, num_ctx: 2048 };
  const asked = { model: 'chat', options, keep_alive: '5m', think: true };
  const hello = [{ role: 'user', content: 'Hi' }];
  assert.equal((await client.chat({ ...asked, messages: hello })).message.content, 'Hello there.');
  let text = '';
  for await (const { message } of await client.chat({ ...asked, messages: hello, stream: true }))
    text += message.content;
  assert.equal(text, 'Hello there.');

  const tools = [
    { type: 'function', function: { name: 'weather', description: '', parameters: weatherSchema } },
  ];
  const messages = [{ role: 'user', content: 'How is the weather?' }];
  const { message } = await client.chat({ ...asked, messages, tools });
  assert.deepEqual(message.tool_calls, [{ function: { name: 'weather', arguments: { city: 'Oslo' } } }]);
  const answered = [...messages, message, { role: 'tool', content: 'rain', tool_name: 'weather' }];
  assert.equal(
    (await client.chat({ ...asked, messages: answered, tools })).message.content,
    'It rains in Oslo.',
  );

  const formatted = await client.generate({ ...asked, prompt: 'A person.', format: personSchema });
  assert.deepEqual(Object.keys(JSON.parse(formatted.response)), Object.keys(person));
  const gap = await client.generate({
    model: 'story',
    prompt: 'Once upon',
    suffix: 'time',
    options: { num_predict: 3 },
  });
  assert.equal(gap.response, ' a ');
  assert.deepEqual(
    (await client.list()).models.map(({ name }: { name: string }) => name),
    ['chat', 'story'],
  );
  assert.ok((await client.show({ model: 'story' })).capabilities.includes('insert'));
  assert.ok((await client.ps()).models.length > 0);
  const { embeddings } = await client.embed({ model: 'story', input: ['ab', 'b'] });
  assert.deepEqual([embeddings.length, embeddings[1]], [2, [0, 1]]);
  assert.equal(
    (await client.generate({ ...asked, prompt: 'Hi', system: 'Be brief.' })).response,
    'Hello there.',
  );
});
