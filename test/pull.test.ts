import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openWeights } from '../src/checkpoint/open-weights.ts';
import { safetensorsPieces } from '../src/checkpoint/safetensors-pieces.ts';
import { cachedModels } from '../src/hub/cache.ts';
import { load } from '../src/language-model/load.ts';
import { commitOf, hubEnvironment, sha256, startFakeHub } from './fake-hub.ts';
import { runCommand } from './run-command.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const name = 'some-org/tiny';

/** The files of a tiny model. */
async function tinyFiles(t: TestContext): Promise<Map<string, Uint8Array>> {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const names = await readdir(directory);
  return new Map(
    await Promise.all(names.map(async (file) => [file, await readFile(join(directory, file))] as const)),
  );
}

/** Runs the program in a home of its own, with nothing of this process's environment that the hub would read. */
function start(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'pipe',
  });
  child.stdin.end();
  const done = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([out, err, [code]]) => ({ code: code as number | null, out, err }),
  );
  return { child, done };
}

test('a model that was pulled is there for every command, and for load', async (t) => {
  const hub = await startFakeHub(t, name, await tinyFiles(t));
  const HF_HOME = await temporaryFolder(t);
  const env = { HF_HOME, HF_ENDPOINT: hub.endpoint };
  hubEnvironment(t, env);
  const run = (...args: string[]) => runCommand(args, { env });

  const absent = await run('generate', '--model', name, 'A dog');
  assert.deepEqual([absent.code, absent.out], [2, '']);
  assert.match(
    absent.err,
    /^unmask generate: some-org\/tiny: expected a model directory, or a model that was pulled into \S+, found neither; check the path, or fetch it with unmask pull some-org\/tiny\n$/,
  );
  assert.equal(hub.requests.length, 0, 'only pull downloads');

  const pulled = await start(['pull', name], env).done;
  const path = join(HF_HOME, 'hub', 'models--some-org--tiny', 'snapshots', commitOf('first'));
  assert.deepEqual([pulled.code, pulled.out], [0, `${path}\n`]);
  assert.match(pulled.err, /^100 % {2}\S+ kB of \S+ kB/m);
  assert.ok(!pulled.err.includes('\x1b'));
  const again = await run('pull', name, '--json');
  assert.deepEqual([again.code, again.err, JSON.parse(again.out).path], [0, '', path]);

  assert.deepEqual(await cachedModels(join(HF_HOME, 'hub')), [{ name, path }]);
  assert.deepEqual(await cachedModels(join(HF_HOME, 'none')), []);

  hub.requests.length = 0;
  const commands = [
    ['generate', '--model', name, 'A dog', '--length', '8', '--seed', '1'],
    ['score', '--model', name, 'A dog', '--samples', '4'],
    ['inspect', name],
  ];
  for (const command of commands) {
    const { code, err } = await run(...command);
    assert.equal(code, 0, err);
  }
  const model = await load(`${name}@main`);
  assert.match((await model.generate({ prompt: 'A dog', length: 4 })).text, /^A dog/);
  await model.close();
  assert.equal(hub.requests.length, 0, 'what is there needs no server');
});

test('a pull that was killed goes on where it was, and downloads only the rest', async (t) => {
  const weights = randomBytes(8_000_000);
  const files = new Map<string, Uint8Array>([
    ['config.json', Buffer.from('{}')],
    ['model.safetensors', weights],
  ]);
  const hub = await startFakeHub(t, name, files);
  const HF_HUB_CACHE = await temporaryFolder(t);
  const env = { HF_HUB_CACHE, HF_ENDPOINT: hub.endpoint };
  const blob = join(HF_HUB_CACHE, 'models--some-org--tiny', 'blobs', sha256(weights));
  hub.misbehaviour = ({ url }, response) => {
    if (!url?.startsWith('/sha256/')) return false;
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, 5_000_000));
    return true;
  };
  const { child, done } = start(['pull', name], env);
  while (((await stat(`${blob}.part`).catch(() => undefined))?.size ?? 0) < 5_000_000)
    await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGKILL');
  await done;

  hub.misbehaviour = undefined;
  hub.sent = 0;
  const { code, err } = await start(['pull', name], env).done;
  assert.equal(code, 0, err);
  assert.equal(hub.sent, 3_000_000);
  assert.deepEqual(await readFile(blob), weights);

  await t.test('two processes download it once', async () => {
    const other = { ...env, HF_HUB_CACHE: await temporaryFolder(t) };
    hub.sent = 0;
    const both = await Promise.all([start(['pull', name], other).done, start(['pull', name], other).done]);
    assert.deepEqual(
      [both[0].code, both[1].code, both[0].out === both[1].out],
      [0, 0, true],
      both[0].err + both[1].err,
    );
    assert.equal(hub.sent, weights.length);
  });
});

test('Ctrl-C during a pull ends it with 130 and one line that says how to go on', async (t) => {
  const hub = await startFakeHub(t, name, await tinyFiles(t));
  hub.misbehaviour = ({ url }) => url?.startsWith('/sha256/') ?? false; // and says nothing
  const { child, done } = start(['pull', name], {
    HF_HOME: await temporaryFolder(t),
    HF_ENDPOINT: hub.endpoint,
  });
  while (!hub.requests.some((line) => line.startsWith('GET store')))
    await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT');
  const { code, out, err } = await done;
  assert.deepEqual([code, out], [130, '']);
  assert.match(err, /^stopped; unmask pull some-org\/tiny goes on from here$/m);
});

test('what cannot be pulled is one line and exit code 2', async (t) => {
  const hub = await startFakeHub(t, name, await tinyFiles(t));
  const HF_HOME = await temporaryFolder(t);
  const cases: [string[], Record<string, string>, RegExp][] = [
    [['pull'], {}, /^unmask pull: --model is needed: org\/name/],
    [['pull', 'tiny'], {}, /^unmask pull: --model: must be org\/name.*, got "tiny"/],
    [
      ['pull', 'a/b'],
      {},
      /^unmask pull: http\S+\/a\/b: expected a model that you may read, found none \(401\)/,
    ],
    [
      ['pull', name],
      { HF_HUB_OFFLINE: '1' },
      /fetch it with unmask pull some-org\/tiny \(with HF_HUB_OFFLINE unset\)/,
    ],
    [['pull', name], { HF_ENDPOINT: 'nowhere' }, /^unmask pull: HF_ENDPOINT: must be an address/],
    [
      ['pull', name],
      { HF_HUB_CACHE: '/dev/null/x' },
      /^unmask pull: \/dev\/null\/x\S*: expected a cache that can be written, found a path/,
    ],
  ];
  for (const [args, changes, sentence] of cases) {
    const { code, out, err } = await runCommand(args, {
      env: { HF_HOME, HF_ENDPOINT: hub.endpoint, ...changes },
    });
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, sentence);
    assert.equal(err.split('\n').length, 2, err);
  }
});

/** Newer versions of Python's library keep large files in a store that all models share. */
test('shards that lie in the store of the whole cache, each in a folder of its own, are loaded', async (t) => {
  const directory = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(directory);
  const cache = await temporaryFolder(t);
  const repository = join(cache, 'models--some-org--tiny');
  const snapshot = join(repository, 'snapshots', commitOf('first'));
  await Promise.all(
    [snapshot, 'refs', 'blobs'].map((folder) =>
      mkdir(folder === snapshot ? folder : join(repository, folder), { recursive: true }),
    ),
  );
  await writeFile(join(repository, 'refs', 'main'), commitOf('first'));
  const weights = await openWeights(directory);
  const shards: Record<string, string> = {};
  for (const [index, tensor] of [...weights.entries.keys()].entries())
    shards[tensor] = `model-${index % 2}.safetensors`;
  for (const [index, file] of ['model-0.safetensors', 'model-1.safetensors'].entries()) {
    const tensors = await Promise.all(
      Object.keys(shards)
        .filter((tensor) => shards[tensor] === file)
        .map(async (tensor) => {
          const { shape, data } = await weights.read(tensor);
          return { name: tensor, shape, data: data as Float32Array };
        }),
    );
    await mkdir(join(cache, 'blobs', `a${index}`), { recursive: true });
    await writeFile(join(cache, 'blobs', `a${index}`, 'xet'), safetensorsPieces(tensors, { format: 'pt' }));
    await symlink(`../../blobs/a${index}/xet`, join(repository, 'blobs', `etag${index}`));
    await symlink(`../../blobs/etag${index}`, join(snapshot, file));
  }
  await writeFile(join(snapshot, 'model.safetensors.index.json'), JSON.stringify({ weight_map: shards }));
  for (const file of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'])
    await rename(join(directory, file), join(snapshot, file));
  hubEnvironment(t, { HF_HUB_CACHE: cache });
  const model = await load(name);
  assert.match((await model.generate({ prompt: 'A dog', length: 4 })).text, /^A dog/);
  await model.close();
});
