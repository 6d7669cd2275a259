import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelThatAnswers, modelThatKnows } from '../../../test/fake-model.ts';
import { asker, fakeStudio, type Json, startFakeServer, studioToken } from '../../../test/fake-server.ts';
import { temporaryFolder } from '../../../test/tiny-model.ts';
import { milliseconds } from './duration.ts';
import { rendered } from './ollama-template.ts';

let given = '';
const answering = () =>
  modelThatAnswers((text) => {
    given = text;
    return 'Yes.';
  });

test('a prompt is a question where there is a template for one; raw, a template and a system say otherwise', async (t) => {
  const ask = asker(
    await startFakeServer(t, {
      chat: answering,
      story: () => modelThatKnows('Once upon a time', () => {}, {}),
    }),
  );
  const respond = async (body: object): Promise<string> => {
    const options = { num_predict: 5 };
    const response = await ask('/api/generate', { body: { model: 'chat', stream: false, options, ...body } });
    return ((await response.json()) as Json).response;
  };
  assert.equal(await respond({ prompt: 'Is it?' }), 'Yes.');
  assert.equal(given, '[user] Is it?\n[assistant] ');
  await respond({ prompt: 'Is it?', system: 'Be brief.' });
  assert.equal(given, '[system] Be brief.\n[user] Is it?\n[assistant] ');
  await respond({
    prompt: 'Is it?',
    template: '{{ if .System }}S {{ .System }}{{ else }}Q{{ end }} {{ .Prompt }}\n[assistant] ',
  });
  assert.equal(given, 'Q Is it?\n[assistant] ');
  assert.equal(await respond({ model: 'story', prompt: 'Once', raw: true }), ' upon');
  const refused = await ask('/api/generate', {
    body: { model: 'chat', prompt: 'a', template: '{{ range .Messages }}' },
  });
  assert.equal(refused.status, 400);
});

test('a template of Ollama has fields, conditions and dashes', () => {
  const fields = { System: '', Prompt: 'p' };
  assert.equal(
    rendered('a {{- if .System }} s {{ .System }}{{ end }} {{ .Prompt }}{{- end', fields),
    'a p{{- end',
  );
  assert.equal(rendered('{{ if .Prompt -}}  x{{ if .System }}y{{ else }}z{{ end }}{{ end }}', fields), 'xz');
  assert.throws(() => rendered('{{ if .System }}', fields), /end each if/);
});

test('a model stays as long as is asked for', async (t) => {
  const server = await startFakeServer(t, { chat: answering });
  const ask = asker(server);
  const { engine } = server.service;
  const unloading = await ask('/api/generate', { body: { model: 'chat', keep_alive: 0 } });
  assert.equal(((await unloading.json()) as Json).done_reason, 'unload');
  while (engine.status('chat').state !== 'unloaded') await engine.changed();
  assert.equal(
    (await ask('/api/chat', { body: { model: 'chat', messages: [], keep_alive: 'long' } })).status,
    400,
  );
  assert.deepEqual(['5m', '1h30m', 10, '-1', -1, '1.5s', '500ms', '0'].map(milliseconds), [
    300_000,
    5_400_000,
    10_000,
    Infinity,
    Infinity,
    1500,
    500,
    0,
  ]);
});

test('the models that are loaded say until when they stay', async (t) => {
  const ask = asker(await startFakeServer(t, { chat: answering }));
  const expires = async (keep_alive: string | number): Promise<number> => {
    const body = { model: 'chat', prompt: 'Hi', stream: false, options: { num_predict: 1 }, keep_alive };
    assert.equal((await ask('/api/generate', { body })).status, 200);
    const { models } = (await (await ask('/api/ps')).json()) as Json;
    return Date.parse(models[0].expires_at);
  };
  const minutes = ((await expires('5m')) - Date.now()) / 60_000;
  assert.ok(minutes > 4 && minutes <= 5, `${minutes}`);
  assert.equal(new Date(await expires(-1)).getUTCFullYear(), 9999);
});

test('models are copied and taken away by whoever has the token of the studio', async (t) => {
  const root = await temporaryFolder(t);
  const ask = asker(
    await startFakeServer(t, { chat: answering, other: answering }, { studio: fakeStudio(root) }),
  );
  const headers = { authorization: `Bearer ${studioToken}` };
  const change = async (path: string, body: object, method = 'POST'): Promise<number> =>
    (await ask(path, { body, headers, method })).status;
  assert.equal((await ask('/api/copy', { body: { source: 'chat', destination: 'gpt' } })).status, 401);
  assert.equal(await change('/api/copy', { source: 'chat', destination: 'gpt' }), 200);
  assert.equal((await ask('/api/show', { body: { model: 'gpt' } })).status, 200);
  assert.equal(await change('/api/delete', { model: 'gpt' }, 'DELETE'), 200);
  assert.equal(await change('/api/delete', { model: 'gpt' }, 'DELETE'), 404);
  assert.equal(await change('/api/delete', { model: 'other' }, 'DELETE'), 200);
  assert.equal(await change('/api/delete', { model: 'chat' }, 'DELETE'), 400);
  const pulled = await ask('/api/pull', { body: { model: 'chat' }, headers });
  assert.deepEqual(JSON.parse(await pulled.text()), { status: 'success' });
});

test('a template that would be large, deep or is never closed is dealt with at once', () => {
  const fields = { System: '', Prompt: 'x'.repeat(10_000), Response: '' };
  const many = 200_000;
  const start = performance.now();
  assert.equal(rendered('{{'.repeat(many), fields).length, 2 * many);
  assert.throws(() => rendered('{{ .Prompt }}'.repeat(many), fields), /at most 1048576 characters/);
  assert.throws(() => rendered('{{ if .System }}'.repeat(many), fields), /at most 32 ifs/);
  const trimmed = `${'x '.repeat(many)}${'{{- .System }} '.repeat(many)}`;
  assert.equal(rendered(trimmed, fields).length, 2 * many - 1 + 1);
  assert.throws(() => milliseconds(`${'9'.repeat(many)}x`), /must be seconds/);
  assert.equal(milliseconds('1h30m'), 5_400_000);
  assert.ok(performance.now() - start < 2000);
});
