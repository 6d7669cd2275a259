import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/tiny-model.ts';
import { type Environment, hubSettings } from './settings.ts';

test('the cache is where the variables say, the most particular first', () => {
  const cases: [Environment, string][] = [
    [{}, '/home/me/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg' }, '/xdg/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/hf' }, '/hf/hub'],
    [{ HF_HOME: '~/hf' }, '/home/me/hf/hub'],
    [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
    [{ HF_HUB_CACHE: '' }, '/home/me/.cache/huggingface/hub'],
  ];
  for (const [env, cache] of cases)
    assert.equal(hubSettings({ HOME: '/home/me', ...env }).cache, cache, JSON.stringify(env));
});

test('the endpoint is the hub, or another server by its address', () => {
  assert.equal(hubSettings({}).endpoint, 'https://huggingface.co');
  assert.equal(
    hubSettings({ HF_ENDPOINT: 'https://mirror.example/hf/' }).endpoint,
    'https://mirror.example/hf',
  );
  for (const HF_ENDPOINT of ['mirror.example', 'ftp://a', 'https://user:word@a', 'https://a?b'])
    assert.throws(() => hubSettings({ HF_ENDPOINT }), /^InvalidOptionError: HF_ENDPOINT: must be an address/);
});

test('offline is what the other programs take for true', () => {
  const isOffline = (env: Environment): boolean => hubSettings(env).offline;
  for (const value of ['1', 'on', 'YES', 'True']) assert.ok(isOffline({ HF_HUB_OFFLINE: value }));
  for (const value of ['0', '', 'no', undefined]) assert.ok(!isOffline({ HF_HUB_OFFLINE: value }));
  assert.ok(isOffline({ TRANSFORMERS_OFFLINE: '1' }));
});

test('the token is that of the environment, or else that of the login', async (t) => {
  const HF_HOME = join(await temporaryFolder(t), 'hf');
  assert.equal(hubSettings({ HF_HOME }).token, undefined);
  await mkdir(HF_HOME);
  await writeFile(join(HF_HOME, 'token'), 'hf_file\n');
  assert.equal(hubSettings({ HF_HOME }).token, 'hf_file');
  assert.equal(hubSettings({ HF_HOME, HUGGING_FACE_HUB_TOKEN: 'hf_old' }).token, 'hf_old');
  assert.equal(hubSettings({ HF_HOME, HF_TOKEN: ' hf_new ' }).token, 'hf_new');
  await writeFile(join(HF_HOME, 'other'), 'hf_other');
  assert.equal(hubSettings({ HF_HOME, HF_TOKEN_PATH: join(HF_HOME, 'other') }).token, 'hf_other');
  assert.throws(
    () => hubSettings({ HF_HOME, HF_TOKEN: 'hf_a\r\nx: y' }),
    (error: Error) =>
      error.message.startsWith('HF_TOKEN: must be printable') && !error.message.includes('hf_a'),
  );
});
