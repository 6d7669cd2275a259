import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bracketTemplate, modelThatAnswers, modelThatKnows } from '../../../test/fake-model.ts';
import { asker, eventsIn, type Json, startFakeServer } from '../../../test/fake-server.ts';
import { plainToolForm } from '../../tokenizer/tool-form.ts';
import { CallReader, readReply, type ReplyPiece } from './call-reader.ts';

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a place',
    parameters: {
      type: 'object',
      properties: { city: { enum: ['Oslo', 'Rome'] }, days: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  },
};
const clock = { type: 'function', function: { name: 'clock', parameters: null } };
const tools = [weather, clock];
const messages = [{ role: 'user', content: 'Weather?' }];
const call = '{"name": "weather", "arguments": {"city": "Oslo", "days": 3}}';
const answering = (text: string) => ({ story: () => modelThatAnswers(() => text) });

test('an answer that is a call is one, whole and as a stream, whatever the model knows of JSON', async (t) => {
  for (const text of [call, 'no JSON at all']) {
    const ask = asker(await startFakeServer(t, answering(text)));
    const body = { messages, tools, tool_choice: 'required', max_tokens: 90, steps: 4, seed: 1 };
    const { choices } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
    const { message, finish_reason } = choices[0];
    assert.deepEqual([message.content, finish_reason], [null, 'tool_calls']);
    const [first] = message.tool_calls;
    assert.match(first.id, /^call_/);
    if (text === call)
      assert.deepEqual(first.function, { name: 'weather', arguments: '{"city": "Oslo", "days": 3}' });
    if (first.function.name === 'weather')
      assert.ok(['Oslo', 'Rome'].includes(JSON.parse(first.function.arguments).city));

    const streamed = eventsIn(
      await (await ask('/v1/chat/completions', { body: { ...body, stream: true } })).text(),
    );
    const deltas = streamed.flatMap(({ choices: all }) => all?.[0]?.delta?.tool_calls ?? []);
    const joined: { name: string; arguments: string }[] = [];
    for (const { index, function: said } of deltas) {
      joined[index] ??= { name: said.name, arguments: '' };
      joined[index].arguments += said.arguments;
    }
    assert.deepEqual(
      joined,
      message.tool_calls.map((one: Json) => one.function),
    );
    assert.equal(deltas[0].id.slice(-4), first.id.slice(-4));
    assert.equal(streamed.at(-2).choices[0].finish_reason, 'tool_calls');
  }
});

test('an answer may be text where it may call, is text where it may not, and calls what it must', async (t) => {
  const ask = asker(await startFakeServer(t, answering('It rains.')));
  const answerTo = async (more: object): Promise<Json> => {
    const body = { messages, tools, max_tokens: 90, steps: 4, ...more };
    return ((await (await ask('/v1/chat/completions', { body })).json()) as Json).choices[0];
  };
  for (const more of [{}, { tool_choice: 'auto' }, { tool_choice: 'none' }]) {
    const { message, finish_reason } = await answerTo(more);
    assert.deepEqual([message.content, message.tool_calls, finish_reason], ['It rains.', undefined, 'stop']);
  }
  const named = await answerTo({ tool_choice: { type: 'function', function: { name: 'clock' } } });
  assert.equal(named.message.tool_calls[0].function.name, 'clock');
  const unknown = { messages, tools, tool_choice: { type: 'function', function: { name: 'none' } } };
  const refused = (await (await ask('/v1/chat/completions', { body: unknown })).json()) as Json;
  assert.equal(refused.error.param, 'tool_choice');
});

test('several calls in one answer, unless one is asked for', async (t) => {
  const two = `${call}\n{"name": "clock", "arguments": {}}`;
  const ask = asker(await startFakeServer(t, answering(two)));
  for (const [parallel, names] of [
    [true, ['weather', 'clock']],
    [false, ['weather']],
  ] as const) {
    const body = {
      messages,
      tools,
      max_tokens: 120,
      steps: 4,
      tool_choice: 'required',
      parallel_tool_calls: parallel,
    };
    const { choices } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
    assert.deepEqual(
      choices[0].message.tool_calls.map((one: Json) => one.function.name),
      names,
    );
  }
});

test("Ollama's calls have arguments that are no text", async (t) => {
  const ask = asker(await startFakeServer(t, answering(call)));
  const body = { model: 'story', messages, tools, options: { num_predict: 90, steps: 4 } };
  const whole = (await (await ask('/api/chat', { body: { ...body, stream: false } })).json()) as Json;
  const expected = [{ function: { name: 'weather', arguments: { city: 'Oslo', days: 3 } } }];
  assert.deepEqual(whole.message, { role: 'assistant', content: '', tool_calls: expected });
  const lines = (await (await ask('/api/chat', { body })).text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.flatMap(({ message }) => message.tool_calls ?? []),
    expected,
  );
});

test('a conversation with calls in it is told to a model in its own words', async (t) => {
  let given = '';
  const model = () =>
    modelThatAnswers((text) => {
      given = text;
      return 'Wet.';
    });
  const ask = asker(await startFakeServer(t, { story: model }));
  const history = [
    { role: 'developer', content: 'Be brief.' },
    ...messages,
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'rain' },
  ];
  const { choices } = (await (
    await ask('/v1/chat/completions', { body: { messages: history, max_tokens: 8 } })
  ).json()) as Json;
  assert.equal(choices[0].message.content, 'Wet.');
  assert.equal(
    given,
    '[system] Be brief.\n[user] Weather?\n[assistant] {"name": "weather", "arguments": {"city":"Oslo"}}\n[user] weather: rain\n[assistant] ',
  );
});

test('calls are read the same in whatever pieces they come', () => {
  const text = ` ${call}\n{"name": "clock", "arguments": {"a": "}\\"{", "b": [1]}}`;
  const { calls } = readReply(text, plainToolForm);
  assert.deepEqual(calls, [
    { name: 'weather', json: '{"city": "Oslo", "days": 3}' },
    { name: 'clock', json: '{"a": "}\\"{", "b": [1]}' },
  ]);
  for (const size of [1, 2, 7]) {
    const reader = new CallReader(plainToolForm);
    const pieces: ReplyPiece[] = [];
    for (let i = 0; i < text.length; i += size) pieces.push(...reader.read(text.slice(i, i + size)));
    pieces.push(...reader.finish());
    const json = (n: number): string =>
      pieces.map((piece) => (piece.type === 'arguments' && piece.call === n ? piece.json : '')).join('');
    assert.deepEqual(
      [json(0), json(1)],
      calls.map((one) => one.json),
    );
  }
  for (const plain of ['Hello {"name"', '{"nam', '{"number": 1}', ''])
    assert.deepEqual(readReply(plain, plainToolForm), { text: plain, calls: [] });
});

test('a model without a chat template calls functions, too', async (t) => {
  const ask = asker(await startFakeServer(t, { story: () => modelThatKnows('Once upon a time') }));
  const body = { messages, tools: [clock], tool_choice: 'required', max_tokens: 60, steps: 4 };
  const { choices } = (await (await ask('/v1/chat/completions', { body })).json()) as Json;
  assert.equal(choices[0].message.tool_calls[0].function.name, 'clock');
  assert.equal(bracketTemplate.turnEndId, 1);
});
