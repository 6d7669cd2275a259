import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fakeIo } from '../../../test/fake-io.ts';
import { byteTokenizer, fakeIds, modelThatKnows, modelThatSays } from '../../../test/fake-model.ts';
import { asker, eventsIn, startFakeServer, type Json } from '../../../test/fake-server.ts';
import { temporaryFolder, writeTinyModel } from '../../../test/tiny-model.ts';
import { editCommand } from '../../cli/commands/edit.ts';
import { infillCommand } from '../../cli/commands/infill.ts';
import { runProgram } from '../../cli/program.ts';
import { replaced } from '../../base/text-edits.ts';
import { load } from '../../language-model/load.ts';
import { limits } from '../http/limits.ts';

const story = 'Once upon a time there was a dog. It ran to the sea.';
const knowing = { story: () => modelThatKnows(story) };

type Ask = ReturnType<typeof asker>;

async function json(ask: Ask, path: string, body: object, status = 200): Promise<Json> {
  const response = await ask(path, { body });
  const answer = (await response.json()) as Json;
  assert.equal(response.status, status, JSON.stringify(answer));
  return answer;
}

/** What a viewer has when a stream is over, and its last event. */
async function watched(ask: Ask, path: string, body: object) {
  const events = eventsIn(
    await (await ask(path, { body: { ...body, stream: true, diffusion: true } })).text(),
  );
  assert.equal(events.at(-1), '[DONE]');
  const canvases: { canvas: (string | null)[]; holes: Json[] }[] = [];
  let revision = -1;
  for (const { diffusion } of events.slice(0, -2)) {
    assert.ok(diffusion.revision > revision);
    ({ revision } = diffusion);
    if (diffusion.reset) {
      const canvas = Array.from({ length: diffusion.length }, () => null);
      if (diffusion.step === 0) canvases.push({ canvas, holes: diffusion.holes });
      else Object.assign(canvases.at(-1)!, { canvas, holes: diffusion.holes });
    } else assert.ok(!('holes' in diffusion));
    for (const { position, token, text } of diffusion.changes)
      canvases.at(-1)!.canvas[position] = token === null ? null : text;
  }
  return { events: events.slice(0, -2), canvases, last: events.at(-2) };
}

test('holes and edits are what the commands write with the same seed', async (t) => {
  const path = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(path);
  const model = await load(path);
  const open = async () => ({ ...model, close: async () => {} }); // the server closes it
  const ask = asker(await startFakeServer(t, { tiny: () => model }));
  const command = async (args: string[], stdin: string): Promise<Json> => {
    const io = fakeIo({ stdin });
    const commands = {
      infill: async () => ({ default: infillCommand(open) }),
      edit: async () => ({ default: editCommand(open) }),
    };
    assert.equal(await runProgram([...args, '--json'], io, commands, '0'), 0, io.err);
    return JSON.parse(io.out);
  };

  const parts = ['A dog ', { length: 3 }, ' and a ', { minimum: 1, maximum: 5 }, ' ran.', { length: 'any' }];
  const how = { temperature: 1, tokensPerStep: 2, seed: 7 };
  const flags = ['--temperature', '1', '--tokens-per-step', '2', '--seed', '7'];
  const filled = await json(ask, '/unmask/infill', { parts, ...how });
  const said = await command(['infill', '-', ...flags], 'A dog {{3}} and a {{1..5}} ran.{{?}}');
  assert.equal(filled.text, said.text);
  assert.deepEqual(
    filled.holes,
    said.holes.map((hole: Json) => ({ text: hole.text, tokens: hole.tokens.length })),
  );
  assert.deepEqual([filled.seed, filled.usage.scored], [7, said.searched]);
  assert.equal(filled.usage.forwards, said.stats.forwards);

  const text = 'The cat sat on the mat, and the dog lay on the rug.';
  const wishes = { text, maxChange: 0.5, threshold: 0.1, passes: 2, stretch: 1, seed: 7 };
  const edited = await json(ask, '/unmask/edit', wishes);
  const asked = '--max-change 0.5 --threshold 0.1 --passes 2 --stretch 1 --seed 7'.split(' ');
  const other = await command(['edit', '-', ...asked], text);
  assert.equal(edited.text, other.text);
  assert.ok(edited.changes.length > 0);
  assert.deepEqual(
    edited.changes.map(({ from, to, old, new: now }: Json) => [from, to, old, now]),
    other.changes.map(({ start, end, before, after }: Json) => [start, end, before, after]),
  );
  assert.equal(edited.usage.scored, other.scored);
  const changes = edited.changes.map((c: Json) => ({ start: c.from, end: c.to, after: c.new }));
  assert.equal(replaced(text, changes), edited.text);

  const doubts = await json(ask, '/unmask/doubts', { text });
  assert.deepEqual(
    doubts.tokens.map(({ from, to, probability }: Json) => [from, to, probability]),
    other.tokens.map(({ start, end, probability }: Json) => [start, end, Number(probability.toPrecision(4))]),
  );
  assert.equal(doubts.tokens.map((token: Json) => token.text).join(''), text);
});

test('the stream of holes is the region from the first to the last, and says where each is in it', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const parts = ['Once ', { length: 4 }, ' a ', { length: 4 }, ' there', ''];
  const { canvases, last, events } = await watched(ask, '/unmask/infill', { parts, candidates: 2 });
  assert.equal(canvases.length, 1);
  const [{ canvas, holes }] = canvases;
  assert.equal(canvas.join(''), 'upon a time');
  assert.deepEqual(holes, [
    { hole: 0, from: 0, to: 4 },
    { hole: 1, from: 7, to: 11 },
  ]);
  assert.equal(last.object, 'unmask.infill');
  assert.equal(last.text, 'Once upon a time there');
  assert.deepEqual(last.holes, [
    { text: 'upon', tokens: 4 },
    { text: 'time', tokens: 4 },
  ]);
  assert.deepEqual(
    events[0].diffusion.changes.map(({ position, confidence }: Json) => [position, confidence]),
    [
      [4, null],
      [5, null],
      [6, null],
    ],
  );
  // nothing is predicted where text is given
  const [, first] = events;
  assert.deepEqual(
    first.diffusion.candidates.map(({ position }: Json) => position),
    [0, 1, 2, 3, 7, 8, 9, 10],
  );
  assert.deepEqual(
    first.diffusion.candidates[0].tokens.map(({ text }: Json) => text),
    ['u', '\0'],
  );
  const whole = await json(ask, '/unmask/infill', { parts });
  assert.equal(whole.text, last.text);
  const quiet = eventsIn(await (await ask('/unmask/infill', { body: { parts, stream: true } })).text());
  assert.deepEqual([quiet.length, quiet[0].text, quiet[1]], [2, last.text, '[DONE]']);
});

test('a text longer than the model is several canvases, each of which begins anew', async (t) => {
  const parts = Array.from({ length: 6 }, () => ['ab'.repeat(10), { length: 3 }]).flat();
  const model = () => modelThatSays(() => ({ id: fakeIds.byte(120), logit: 9 }), { maxLength: 48 });
  const ask = asker(await startFakeServer(t, { x: model }));
  const { canvases, last } = await watched(ask, '/unmask/infill', { parts });
  assert.ok(canvases.length > 1);
  assert.deepEqual(
    canvases.flatMap(({ holes }) => holes.map(({ hole }) => hole)),
    [0, 1, 2, 3, 4, 5],
  );
  for (const { canvas, holes } of canvases)
    for (const { from, to } of holes) assert.equal(canvas.slice(from, to).join(''), 'xxx');
  assert.equal(last.text, ('ab'.repeat(10) + 'xxx').repeat(6));
});

test('the stream of an edit says what each hole takes the place of', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const text = story.replace('dog', 'pig').replace('sea', 'bay');
  const spans = [
    [text.indexOf('pig'), text.indexOf('pig') + 3],
    [text.indexOf('bay'), text.indexOf('bay') + 3],
  ];
  const { canvases, last } = await watched(ask, '/unmask/edit', { text, spans, stretch: 0 });
  const [{ canvas, holes }] = canvases;
  assert.deepEqual(
    holes.map(({ replaces }) => replaces),
    spans,
  );
  assert.deepEqual(
    holes.map(({ from, to }) => canvas.slice(from, to).join('')),
    ['dog', 'sea'],
  );
  assert.equal(last.text, story);
  assert.deepEqual(
    last.changes.map(({ from, to, old, new: now }: Json) => [from, to, old, now]),
    [
      [...spans[0], 'pig', 'dog'],
      [...spans[1], 'bay', 'sea'],
    ],
  );
});

test('what can not be is refused in one sentence that names the field', async (t) => {
  const causal = join(await temporaryFolder(t), 'causal');
  await writeTinyModel(causal, { isCausal: true });
  const model = await load(causal);
  const ask = asker(await startFakeServer(t, { ...knowing, causal: () => model }));
  const long = 'x'.repeat(limits.textCharacters + 1);
  const hole = { length: 1 };
  for (const [path, body, param] of [
    ['infill', { parts: ['a', { length: 0 }] }, 'parts'],
    ['infill', { parts: ['a', { length: 2, minimum: 1 }] }, 'parts'],
    ['infill', { parts: ['a', { minimum: 3, maximum: 2 }] }, 'length'],
    ['infill', { parts: [hole] }, 'parts'],
    ['infill', { parts: ['a'] }, 'parts'],
    ['infill', {}, 'parts'],
    ['infill', { parts: [long, hole] }, 'parts'],
    ['infill', { parts: Array.from({ length: 2 * limits.holes + 2 }, () => hole) }, 'parts'],
    ['infill', { parts: ['a', hole], length: 8 }, 'length'],
    ['infill', { parts: ['a', hole], corrections: 1e9, strategy: 'editing' }, 'corrections'],
    ['infill', { parts: ['a', hole], diffusion: true }, 'diffusion'],
    ['infill', { parts: ['a', hole], candidates: 2, stream: true }, 'candidates'],
    ['infill', { parts: ['a', hole], candidates: 21, stream: true, diffusion: true }, 'candidates'],
    ['infill', { model: 'causal', parts: ['a', hole] }, null],
    ['edit', { text: long }, 'text'],
    ['edit', { text: 'abc', spans: [[2, 1]] }, 'spans'],
    ['edit', { text: 'abc', spans: [[0, 9]] }, 'spans'],
    ['edit', { text: 'abc', spans: [0, 1] }, 'spans'],
    ['edit', { text: 'abc', passes: limits.passes + 1 }, 'passes'],
    ['edit', { model: 'causal', text: 'abc' }, null],
    ['doubts', { text: long }, 'text'],
    ['doubts', { text: 'abc', seed: 1 }, 'seed'],
  ] as const) {
    const { error } = await json(ask, `/unmask/${path}`, body, 400);
    assert.equal(error.param, param, JSON.stringify(body).slice(0, 80));
    assert.ok(error.message.length < 300 && !error.message.includes('\n'), error.message);
  }
});

test('candidates of a very long text are refused, and as many as fit are not', async (t) => {
  const ask = asker(
    await startFakeServer(t, { x: () => modelThatSays(() => ({ id: 2, logit: 9 }), { maxLength: 5000 }) }),
  );
  const body = { prompt: 'a', length: limits.candidates / 8 + 1, steps: 1, stream: true, diffusion: true };
  const refused = await json(ask, '/v1/completions', { ...body, candidates: 8 }, 400);
  assert.match(refused.error.message, /^candidates: must be at most 7 for 4097 tokens/);
  const events = eventsIn(await (await ask('/v1/completions', { body: { ...body, candidates: 1 } })).text());
  assert.equal(
    events.find(({ diffusion }) => diffusion?.candidates).diffusion.candidates.length,
    body.length,
  );
});

test('filling, editing and reading end within a step when they are called off', async (t) => {
  const done = { forwards: 0 };
  const onForward = async (): Promise<void> => {
    done.forwards += 1;
    await wait(1);
  };
  const model = () => modelThatSays(() => ({ id: fakeIds.byte(97), logit: 1 }), { maxLength: 64, onForward });
  const server = await startFakeServer(t, { x: model });
  const ask = asker(server);
  const text = 'abcdefgh'.repeat(500);
  for (const [path, body] of [
    [
      'infill',
      { parts: Array.from({ length: 200 }, () => ['abcdefgh', { minimum: 1, maximum: 20 }]).flat() },
    ],
    ['edit', { text, threshold: 1, maxChange: 0.5, passes: 8 }],
    ['doubts', { text }],
  ] as const) {
    const gone = new AbortController();
    done.forwards = 0;
    const asked = ask(`/unmask/${path}`, { body, signal: gone.signal }).catch(() => {});
    while (done.forwards < 5) await wait(1);
    gone.abort();
    await asked;
    while (server.service.queue.running > 0) await wait(1);
    const stopped = done.forwards;
    assert.ok(stopped < 100, `${path} ${stopped}`);
    await wait(20);
    assert.equal(done.forwards, stopped, path);
  }
});

test('a text without a token is read and stays as it is', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  assert.deepEqual((await json(ask, '/unmask/doubts', { text: '' })).tokens, []);
  const { text, changes } = await json(ask, '/unmask/edit', { text: '' });
  assert.deepEqual([text, changes], ['', []]);
});

test('a character of several tokens is one doubt', async (t) => {
  const ask = asker(await startFakeServer(t, knowing));
  const { tokens, usage } = await json(ask, '/unmask/doubts', { text: 'aé🐕' });
  assert.deepEqual(
    tokens.map(({ from, to, text }: Json) => [from, to, text]),
    [
      [0, 1, 'a'],
      [1, 2, 'é'],
      [2, 4, '🐕'],
    ],
  );
  assert.equal(usage.prompt_tokens, byteTokenizer.encode('aé🐕').length);
});
