import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from '../src/language-model/load.ts';
import { hubEnvironment, startFakeHub } from './fake-hub.ts';
import { ggufOfReference } from './gguf-of-reference.ts';
import { ggufBytes } from './gguf-writer.ts';
import { runCommand } from './run-command.ts';
import { temporaryFolder } from './tiny-model.ts';

const name = 'some-org/tiny';

test('a GGUF file that was pulled is there by its name for every command, and for load', async (t) => {
  const file = `${name}:q/llada.gguf`;
  const bytes = ggufBytes(await ggufOfReference('llada'));
  const hub = await startFakeHub(t, name, new Map([['q/llada.gguf', bytes]]));
  const HF_HOME = await temporaryFolder(t);
  const env = { HF_HOME, HF_ENDPOINT: hub.endpoint };
  hubEnvironment(t, env);
  const run = (...args: string[]) => runCommand(args, { env });
  const absent = await run('inspect', file);
  assert.deepEqual([absent.code, absent.out], [2, '']);
  assert.match(
    absent.err,
    /neither; check the path, or fetch it with unmask pull some-org\/tiny:q\/llada\.gguf/,
  );
  assert.equal((await run('pull', file)).code, 0);
  hub.requests.length = 0;

  const few = ['--length', '8', '--steps', '4'];
  const copy = join(HF_HOME, 'copy');
  const holes = join(HF_HOME, 'holes.txt');
  await writeFile(holes, 'A {{2}} dog');
  const commands = [
    ['generate', '--model', file, 'A dog', ...few],
    ['generate', '--model', file, '--help'],
    ['infill', '--model', file, holes],
    ['edit', '--model', file, holes],
    ['score', '--model', file, 'A dog', '--samples', '4'],
    ['inspect', file],
    ['quantize', file, '--weights', 'int8', '--out', copy],
    ['inspect', copy],
  ];
  for (const command of commands) {
    const { code, err } = await run(...command);
    assert.equal(code, 0, `${command.join(' ')}: ${err}`);
  }
  const model = await load(file);
  assert.match((await model.generate({ prompt: 'A dog', length: 4 })).text, /^A dog/);
  await model.close();
  assert.equal(hub.requests.length, 0, 'what is there needs no server');
});
