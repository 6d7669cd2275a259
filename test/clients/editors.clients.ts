// The configurations of docs/editors.md as they stand there, with the real clients where these run without a screen.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Json } from '../fake-server.ts';
import { nextEditClients } from '../next-edits.ts';
import { repositoryRoot } from '../reference.ts';
import { freePort } from '../replicas.ts';
import { temporaryFolder } from '../tiny-model.ts';
import { clientPackage } from './asked-server.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const page = readFileSync(join(repositoryRoot, 'docs/editors.md'), 'utf8');
const port = await freePort();

/** A block of a section of the page, '' for its beginning, with the address of the server that runs here. */
function pasted(section: string, language: string): string {
  const text = page.slice(section === '' ? 0 : page.indexOf(`## ${section}`));
  const [, block] = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(text)!;
  assert.ok(!block.includes('8012') || block.includes('127.0.0.1:8012') || block.includes('--port 8012'));
  return block.replaceAll('8012', `${port}`);
}

let server: ChildProcess;
before(async () => {
  const command = pasted('', 'sh').trim().split(' ');
  assert.deepEqual(command.slice(0, 2), ['npx', 'unmask']);
  server = spawn(process.execPath, [main, ...command.slice(2)], { cwd: repositoryRoot, stdio: 'ignore' });
  const isReady = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (let i = 0; !(await isReady()); i++) {
    if (i > 600) throw new Error('the server was not ready within a minute');
    await wait(100);
  }
});
after(async () => {
  server.kill('SIGTERM');
  await once(server, 'exit');
});

const file = 'export function add(a: number, b: number): number {\n  return \n}\n';
const [head, tail] = file.split(/(?<=return )/);

async function post(url: string, body: object): Promise<Json> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/** Where people have llama.vim. */
const llamaVim = [
  process.env['UNMASK_LLAMA_VIM'],
  join(homedir(), '.vim/plugged/llama.vim'),
  ...pluginsIn(join(homedir(), '.vim/pack')),
].find((path) => path !== undefined && existsSync(join(path, 'autoload/llama.vim')));

function pluginsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, 'start/llama.vim')) : [];
}

const missing = ['/usr/bin/vim', '/usr/bin/curl', '/usr/bin/script'].find((path) => !existsSync(path));
const withVim = {
  skip:
    missing !== undefined
      ? `${missing} isn't there: apt-get install vim curl bsdutils`
      : llamaVim === undefined
        ? 'llama.vim isn’t there: git clone https://github.com/ggml-org/llama.vim ~/.vim/pack/unmask/start/llama.vim'
        : false,
  timeout: 60_000,
};

test(
  'llama.vim in vim, with the lines of the page: a space is typed, and Tab takes what is offered',
  withVim,
  async (t) => {
    const folder = await temporaryFolder(t);
    const [vimrc, code] = [join(folder, 'vimrc'), join(folder, 'add.ts')];
    writeFileSync(code, file.replace('return ', 'return'));
    const settings = pasted('Vim and Neovim', 'vim').replace(/^Plug .*\n/, '');
    writeFileSync(
      vimrc,
      `set nocompatible
set runtimepath^=${llamaVim}
${settings}
function! Take(timer)
  if maparg('<Tab>', 'i') =~# 'fim_accept'
    call timer_stop(a:timer)
    call feedkeys("\\<Tab>\\<Esc>:wq\\<CR>", 't')
  endif
endfunction
autocmd VimEnter * call feedkeys('2GA ', 't') | call timer_start(100, 'Take', {'repeat': -1})
`,
    );
    const vim = spawn('/usr/bin/script', ['-qec', `vim -N -u ${vimrc} ${code}`, '/dev/null'], {
      stdio: 'ignore',
      env: { ...process.env, TERM: 'xterm' },
    });
    t.after(() => vim.kill('SIGKILL'));
    await once(vim, 'exit');
    const written = readFileSync(code, 'utf8');
    assert.ok(written.startsWith(head) && written.length > file.length, written);
    t.diagnostic(JSON.stringify(written));
  },
);

test('Continue’s adapter, with the model of the page: a gap, a chat and a next edit', async (t) => {
  const { constructLlmApi } = await clientPackage('@continuedev/openai-adapters');
  const [settings] = parse(pasted('VS Code and JetBrains', 'yaml')).models;
  const { signal } = new AbortController();
  const gap = { model: settings.model, prompt: head, suffix: tail, max_tokens: 16, stream: true };
  let filled = '';
  for await (const chunk of constructLlmApi(settings).fimStream(gap, signal))
    filled += chunk.choices[0]?.delta.content ?? '';
  assert.ok(filled.trim() !== '');
  t.diagnostic(JSON.stringify(filled));
  const messages = [{ role: 'user', content: 'const x =' }];
  const chat = { model: settings.model, messages, max_tokens: 8, stream: false };
  const { choices } = await constructLlmApi(settings).chatCompletionNonStream(chat, signal);
  assert.equal(typeof choices[0].message.content, 'string');

  const { model } = parse(pasted('Next edits', 'yaml'));
  const { message, read } = nextEditClients['Continue'];
  const lines = file.trimEnd().split('\n');
  const edited = { path: 'add.ts', lines, row: 1, column: lines[1].length, from: 0, to: 3, history: '' };
  const asked = [{ role: 'user', content: `${message(edited)}<|!@#IS_NEXT_EDIT!@#|>` }];
  const next = { model, messages: asked, max_tokens: 64, stream: false };
  const answer = await constructLlmApi({ ...settings, model }).chatCompletionNonStream(next, signal);
  const answered = read(answer.choices[0].message.content);
  assert.ok(answered.startsWith(head) && answered.length > file.trimEnd().length, answered);
});

test('llama.vscode’s requests, at the addresses of the page', async () => {
  const settings = JSON.parse(pasted('VS Code: llama.vscode', 'json'));
  const [endpoint, model] = [settings['llama-vscode.endpoint'], settings['llama-vscode.ai_model']];
  const tuned = {
    top_k: 40,
    top_p: 0.99,
    stream: false,
    samplers: ['top_k', 'top_p', 'infill'],
    cache_prompt: true,
  };
  const around = {
    id_slot: 0,
    input_prefix: 'export function add(a: number, b: number): number {\n',
    input_suffix: tail,
  };
  const chunks = [{ text: 'const one = 1;\n', time: 1, filename: 'one.ts' }];
  const parallel = settings['llama-vscode.max_parallel_completions'];
  const limits = { t_max_prompt_ms: 500, t_max_predict_ms: 2500 };
  const gap = {
    ...around,
    input_extra: chunks,
    prompt: '  return ',
    n_predict: 16,
    n_cmpl: parallel,
    n_indent: 2,
  };
  const filled = await post(`${endpoint}/infill`, { ...gap, ...tuned, ...limits });
  assert.equal(filled.length, parallel);
  for (const { content } of filled) assert.ok(content.trim() !== '');
  const warming = {
    ...around,
    input_extra: chunks,
    prompt: '',
    n_predict: 0,
    samplers: [],
    cache_prompt: true,
  };
  await post(`${endpoint}/infill`, { ...warming, t_max_prompt_ms: 500, t_max_predict_ms: 1 });

  const chat = settings['llama-vscode.endpoint_chat'];
  const messages = [
    { role: 'system', content: 'You are an expert coder.\n' },
    { role: 'user', content: 'Add a comment.' },
  ];
  const edit = {
    messages,
    model,
    stream: false,
    cache_prompt: true,
    temperature: 0.8,
    top_p: 0.95,
    max_tokens: 8,
  };
  assert.equal(typeof (await post(`${chat}/v1/chat/completions`, edit)).choices[0].message.content, 'string');
  const { prompt } = await post(`${chat}/apply-template`, { messages, model, tool_choice: 'auto' });
  const counted = { content: prompt, add_special: false, parse_special: true };
  assert.ok((await post(`${chat}/tokenize`, counted)).tokens.length > 0);
  const models = (await (await fetch(`${chat}/v1/models`)).json()) as Json;
  assert.equal(models.data[0].id, 'typescript');

  const embeddings = settings['llama-vscode.endpoint_embeddings'];
  const { data } = await post(`${embeddings}/v1/embeddings`, {
    input: 'const x = 1;',
    model,
    encoding_format: 'float',
  });
  assert.ok(data[0].embedding.length > 0);
});

test('Zed’s requests, with the settings of the page, by both of its providers', async () => {
  const { open_ai_compatible_api: settings } = JSON.parse(pasted('Zed', 'json')).edit_predictions;
  assert.equal(settings.prompt_format, 'qwen');
  const prompt = `<|fim_prefix|>${head}<|fim_suffix|>${tail}<|fim_middle|>`;
  const stop = ['<|endoftext|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'];
  const { model, max_output_tokens: tokens } = settings;
  const answer = await post(settings.api_url, { model, prompt, max_tokens: tokens, stop });
  assert.ok(answer.choices[0].text.trim() !== '');
  // what it reads of an answer, and takes no answer without
  for (const field of ['id', 'object', 'model']) assert.equal(typeof answer[field], 'string', field);
  for (const count of [
    answer.created,
    ...['prompt', 'completion', 'total'].map((kind) => answer.usage[`${kind}_tokens`]),
  ])
    assert.ok(Number.isInteger(count) && count >= 0);

  const [, ollama] = /With the provider `ollama` and `"api_url": "(\S+)"`/.exec(page)!;
  const options = { num_predict: tokens, temperature: 0.2, stop };
  const generated = await post(`${ollama.replace('8012', `${port}`)}/api/generate`, {
    model,
    prompt,
    raw: true,
    stream: false,
    options,
  });
  assert.ok(generated.response.trim() !== '' && typeof generated.created_at === 'string');
});

test('cursortab’s request, at the address of the page', async () => {
  const [, url] = /url = "(.*?)"/.exec(pasted('Next edits', 'lua'))!;
  const { message, read } = nextEditClients['cursortab'];
  const lines = file.trimEnd().split('\n');
  const content = message({
    path: 'add.ts',
    lines,
    row: 1,
    column: lines[1].length,
    from: 0,
    to: 3,
    history: '',
  });
  const answer = await post(url, {
    model: 'mercury-edit',
    messages: [{ role: 'user', content }],
    stream: false,
  });
  const answered = read(answer.choices[0].message.content);
  assert.ok(answered.startsWith(head) && answered.length > file.trimEnd().length, answered);
});
