import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatKnows } from '../../../test/fake-model.ts';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import type { Model } from '../../language-model/language-model.ts';
import { runProgram } from '../program.ts';
import { demoCommand } from './demo.ts';

test('the demo says what is seen, writes a story, and says where to go on; only the story goes to stdout', async () => {
  const story = 'Once upon a time there was a dog.';
  const knowing = modelThatKnows(story);
  const asked: unknown[] = [];
  const model: typeof knowing = {
    ...knowing,
    generate: (request) => {
      asked.push([request.prompt, request.seed]);
      return knowing.generate({ ...request, length: 64, temperature: 0, frequencyPenalty: 0 });
    },
  };
  const io = fakeIo();
  const commands = { demo: async () => ({ default: demoCommand(async () => model) }) };
  assert.equal(await runProgram(['demo', '--seed', '7', '--frame-ms', '0'], io, commands, '0'), 0);
  assert.deepEqual(asked, [['Once upon a time', 7]]);
  assert.equal(io.out, `${story}\n`);
  const lines = io.err.split('\n');
  assert.match(lines[0], /^A story that starts as masks/);
  assert.match(lines[2], /^seed 7 · /);
  for (const command of ['generate', 'studio', 'train'])
    assert.ok(
      lines.slice(3).some((line) => line.startsWith(`npx unmask ${command}`)),
      command,
    );
});

test('what the demo says breaks between words on a terminal', async () => {
  const io = fakeIo();
  const narrow = { ...io, stderr: { ...io.stderr, isTTY: true, columns: 40 } };
  const commands = { demo: async () => ({ default: demoCommand(async () => modelThatKnows('a')) }) };
  await runProgram(['demo', '--beside', 'causal', '--frame-ms', '0'], narrow, commands, '0');
  const said = stripVTControlCharacters(io.err).split('\n\n')[0].split('\n');
  assert.ok(said.length > 3 && said.every((line) => line.length <= 40), said.join('|'));
  assert.match(said.join(' '), /^A story that starts as masks.* in any order\. Then it is read again/);
});

test('beside it a causal model writes from left to right: both texts, which is which, and both models are closed', async () => {
  const texts = [
    'Once upon a time there was a cat who sat on it.',
    'Once upon a time there was a dog who ran on it.',
  ];
  const knowing = texts.map((text) => modelThatKnows(text));
  const models = knowing.map((model): Model => ({
    ...model,
    generate: (request) => model.generate({ ...request, length: 32, temperature: 0, frequencyPenalty: 0 }),
    close: () => model.close(),
  }));
  const asked: (string | undefined)[] = [];
  const load = async ({ model }: { model?: string }): Promise<Model> => {
    asked.push(model);
    return models[asked.length - 1];
  };
  const terminal = new FakeTerminal(104, 12);
  const io = fakeIo({ terminal });
  const commands = { demo: async () => ({ default: demoCommand(load) }) };
  assert.equal(
    await runProgram(['demo', '--beside', 'causal', '--seed', '3', '--frame-ms', '0'], io, commands, '0'),
    0,
  );
  assert.match(asked[1] ?? '', /judge/);
  const [headings, stories] = terminal.lines;
  assert.match(headings, /^masked diffusion: any order +a causal model: left to right$/);
  assert.ok(
    texts.every((text) => stories.includes(text)),
    stories,
  );
  assert.match(io.err, /seed 3 · .* · masked diffusion: any order\nseed 3 · .* · a causal model/);
  assert.deepEqual(
    knowing.map(({ closed }) => closed),
    [true, true],
  );
});
