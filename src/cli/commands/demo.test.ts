import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeIo } from '../../../test/fake-io.ts';
import { modelThatKnows } from '../../../test/fake-model.ts';
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
      return knowing.generate({ ...request, length: 64 });
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
