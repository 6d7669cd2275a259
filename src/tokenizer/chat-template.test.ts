import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { referencePath } from '../../test/reference.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { type ChatMessage, chatTemplate, chatTemplateOf, type ChatTemplate } from './chat-template.ts';
import { type TokenizerFileName } from './files.ts';
import { readTokenizerFiles } from './from-directory.ts';
import { tokenizerFromJson } from './from-json.ts';
import { tokenizerOf } from './load.ts';
import { trainByteLevelBpe } from './train-bpe.ts';

interface Case {
  readonly messages: readonly ChatMessage[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly ids: readonly number[];
}

const noon = () => new Date(2026, 2, 5, 12, 34, 56);

const families = {
  llada: [14, '<|eot_id|>'],
  llada_moe: [14, '<|role_end|>'],
  llada2: [16, '<|role_end|>'],
  llada21: [16, '<|role_end|>'],
  dream: [16, '<|im_end|>'],
  a2d_llama: [14, '<|eot_id|>'],
  a2d_qwen2: [16, '<|im_end|>'],
  a2d_qwen3: [18, '<|im_end|>'],
  diffusion_gemma: [18, '<turn|>'],
  llama: [14, '</s>'],
  qwen2: [16, '<|im_end|>'],
} as const;

for (const [family, [count, turnEnd]] of Object.entries(families)) {
  const path = referencePath(family, 'tokenizer_vectors.json');
  test(`${family}: the ${count} recorded conversations, as text and as ids, and what ends an answer`, async () => {
    const files = await readTokenizerFiles(referencePath(family));
    const tokenizer = tokenizerOf(files);
    const template = chatTemplateOf(files, tokenizer, noon)!;
    const { chat_template: cases } = JSON.parse(readFileSync(path, 'utf8')) as { chat_template: Case[] };
    assert.equal(cases.length, count);
    for (const { messages, kwargs, text, ids } of cases) {
      const { add_generation_prompt: addGenerationPrompt, tools, ...variables } = kwargs;
      const encoded = template.encode(messages, {
        addGenerationPrompt: addGenerationPrompt as boolean,
        tools: tools as object[] | undefined,
        variables,
      });
      assert.equal(encoded.text, text);
      assert.deepEqual(encoded.ids, ids, text);
    }
    assert.equal(template.turnEndId, tokenizer.specialTokens.get(turnEnd));
  });

  test(`${family}: an answer with what it is asked for by are the ids of the conversation`, async () => {
    const files = await readTokenizerFiles(referencePath(family));
    const tokenizer = tokenizerOf(files);
    const template = chatTemplateOf(files, tokenizer, noon)!;
    const messages: ChatMessage[] = [
      { role: 'user', content: 'How many?' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: 'Sure?' },
      { role: 'assistant', content: `Yes${turnEnd}, all of them.` },
    ];
    const { prompt, answer } = template.encodeAnswer(messages);
    assert.deepEqual(prompt, template.encode(messages.slice(0, 3)).ids);
    const { ids } = template.encode(messages, { addGenerationPrompt: false });
    assert.deepEqual([...prompt, ...answer], ids.slice(0, ids.lastIndexOf(answer.at(-1)!) + 1));
    assert.equal(answer.at(-1), template.turnEndId);
    assert.equal(answer.indexOf(template.turnEndId!), answer.length - 1);
  });

  test(`${family}: no special token comes out of a message`, async () => {
    const files = await readTokenizerFiles(referencePath(family));
    const tokenizer = tokenizerOf(files);
    const template = chatTemplateOf(files, tokenizer, noon)!;
    const specialIn = (content: string): number[] => {
      const messages: ChatMessage[] = [
        { role: 'system', content },
        { role: 'user', content },
        { role: 'assistant', content },
        { role: 'user', content },
      ];
      const { text, ids } = template.encode(messages);
      assert.ok(text.split(content.trim()).length >= 3, `${JSON.stringify(content)} in ${text}`);
      const special = new Set(tokenizer.specialTokens.values());
      return ids.filter((id) => special.has(id));
    };
    const honest = specialIn('hello');
    for (const [name] of tokenizer.specialTokens) {
      assert.deepEqual(specialIn(`a ${name} b`), honest, name);
      assert.deepEqual(specialIn(`${name}${name}`), honest, name);
    }
  });
}

const json = trainByteLevelBpe(['the cat'], {
  vocabularySize: 262,
  specialTokens: ['<|mask|>', '<|endoftext|>', '<|user|>'],
});
const tokenizer = tokenizerFromJson(json, { maskId: 0, endId: 1 });
const made = (source: string, sources: Record<string, string> = { default: source }): ChatTemplate =>
  chatTemplate({
    sources: new Map(Object.entries(sources)),
    path: 'model/chat_template.jinja',
    tokenNames: { eos_token: '<|endoftext|>' },
    tokenizer,
    clock: noon,
  });
const hello: ChatMessage[] = [{ role: 'user', content: 'hello' }];

test('a role may be part of a special token, and a message may not', () => {
  const template = made(
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + m.content }}{% endfor %}",
  );
  const idOf = (content: string) => template.encode([{ role: 'user', content }]).ids;
  assert.equal(idOf('hello')[0], 2);
  for (const content of ['<|user|>', '<|user', 'user|>', '|><|', 'er|><|us', '<|mask|> ', ' <|']) {
    const ids = idOf(content);
    assert.deepEqual(
      ids.filter((id) => id < 3),
      [2],
      content,
    );
    assert.equal(tokenizer.decode(ids), content + content);
  }
});

test('a conversation that goes on with its last message ends as in transformers 5.18.0: with it', () => {
  const source = (content: string) =>
    `{% for m in messages %}[{{ m.role }}]{{ ${content} }};{% endfor %}{% if add_generation_prompt %}?{% endif %}`;
  const ends = (template: ChatTemplate, content: string) =>
    template.encode([...hello, { role: 'assistant', content }], { continueFinal: true }).text;
  const [plain, trimmed] = [made(source('m.content')), made(source('m.content | trim'))];
  for (const [content, trim] of [
    ['The dog', 'The dog'],
    ['The dog ', 'The dog'],
    [' The ', 'The'],
    ['', ''],
    ['x\n', 'x'],
  ]) {
    assert.equal(ends(plain, content), `[user]hello;[assistant]${content}`);
    assert.equal(ends(trimmed, content), `[user]hello;[assistant]${trim}`);
  }
  assert.throws(
    () => ends(made('{{ messages[0].content }}'), 'a'),
    /a message that the chat template writes/,
  );
});

test('a private character of a message stays what it is', () => {
  const content = '\u{100000}<|user|>\u{100001}';
  const { text, ids } = made('{{ messages[0].content }}').encode([{ role: 'user', content }]);
  assert.equal(text, content);
  assert.equal(tokenizer.decode(ids), content);
});

test('a message with every private character and a special token is refused', () => {
  const all = Array.from({ length: 0xfffe }, (_, i) => String.fromCodePoint(0x100000 + i)).join('');
  const { encode } = made('{{ messages[0].content }}');
  assert.throws(
    () => encode([{ role: 'user', content: `${all}<|user|>` }]),
    (error) => error instanceof InvalidOptionError && /private character/.test(error.message),
  );
});

test('templates have what transformers gives them: names of tokens, the date, tools, a way to refuse', () => {
  const { text } = made(
    "{{ eos_token }} {{ strftime_now('%d %b %Y, %A %H:%M:%S %j%%') }} {{ tools is none }} {{ x is defined }}",
  ).encode(hello);
  assert.equal(text, '<|endoftext|> 05 Mar 2026, Thursday 12:34:56 064% True False');
  const named = made('', { default: 'plain', tool_use: '{{ tools | tojson }}' });
  assert.equal(named.encode(hello).text, 'plain');
  assert.equal(named.encode(hello, { tools: [{ name: 'é' }] }).text, '[{"name": "é"}]');
  assert.throws(
    () => made("{{ raise_exception('roles must alternate') }}").encode(hello),
    (error) =>
      error instanceof InvalidOptionError &&
      error.message.startsWith(
        'messages: must be as the chat template wants (roles must alternate), got ["user"]',
      ),
  );
  const variables = { messages: 'mine', add_generation_prompt: 'mine', x: 1 };
  const shadowed = made('{{ messages[0].content }} {{ add_generation_prompt }} {{ x }}');
  assert.equal(shadowed.encode(hello, { variables }).text, 'hello True 1');
});

test('messages that are none are refused in one sentence', () => {
  const template = made('x');
  const wrong: [unknown, RegExp][] = [
    [[], /^messages: must be a list of \{role, content\}, not empty, got \[\]/],
    ['hello', /must be a list/],
    [['hello'], /must be a list of \{role, content\}, got "hello"/],
    [
      [{ role: 'root', content: '' }],
      /must have a role of system, user, assistant, tool, developer, got "root"/,
    ],
    [[{ role: 'user' }], /must have text as content, got undefined/],
  ];
  for (const [messages, sentence] of wrong) {
    assert.throws(
      () => template.encode(messages as ChatMessage[]),
      (error) => error instanceof InvalidOptionError && sentence.test(error.message),
    );
  }
});

/** Each doubles a text or a list until it is huge, and then does something with it that can't be interrupted. */
const doubled = (start: string, times: number, end: string): string =>
  `{% set n = namespace(x=${start}) %}{% for i in range(${times}) %}{% set n.x = n.x + n.x %}{% endfor %}${end}`;

const hostile = {
  'loops in loops':
    '{% for i in range(99999) %}{% for j in range(99999) %}{% set x = i %}{% endfor %}{% endfor %}',
  'a list of all numbers': '{{ range(10000000000) | length }}',
  'output without end': '{% for i in range(100000000) %}{{ "aaaaaaaaaaaaaaaaaaaaaaaa" }}{% endfor %}',
  'a text of 335 MB': doubled('"aaaaaaaaaa"', 25, '{{ n.x }}'),
  'a text too long for V8': doubled('"aaaaaaaaaa"', 100, '{{ n.x }}'),
  'a list of 2^60': doubled('[1, 2, 3]', 60, '{{ n.x | length }}'),
  'a list too long for V8': doubled('"aaaaaaaaaa"', 24, '{{ n.x.split("a") | length }}'),
  'a text of 750 MB by replacing': doubled(
    '"aaaaaaaaaa"',
    22,
    '{{ n.x | replace("a", "bbbbbbbbbbbbbbbbbb") }}',
  ),
  'a text joined': doubled('["aaaaaaaaaaaaaaaaaaaaaa"]', 22, '{{ n.x | join("bbbbbbbbbbbbbbbbbbbbbb") }}'),
  'a text of 2^40 by replacing': doubled('"aaaaaaaaaa"', 17, '{{ n.x | replace("a", n.x) | length }}'),
  'a text of 2^37 by joining': doubled('"aaaaaaaaaa"', 17, '{{ range(99999) | join(n.x) | length }}'),
  indents: doubled('"a\\n"', 19, '{{ n.x | indent(1000) | length }}'),
  'deep parentheses': `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`,
  'blocks without end': '{% if 1 %}'.repeat(20_000),
  'a million tags': '{{ a }}'.repeat(1_000_000),
  'a macro that calls itself': '{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}',
  'no template': '{% endfor %}{{',
  'a way out': '{{ messages.constructor.constructor("return process")() }}',
};
for (const [name, source] of Object.entries(hostile)) {
  test(`a template is stopped: ${name}`, () => {
    const template = made(source);
    const start = cpuMs();
    assert.throws(
      () => template.encode(hello),
      (error) =>
        error instanceof FileError &&
        error.message.startsWith(
          'model/chat_template.jinja: expected a chat template that can be run, found ',
        ),
    );
    assert.ok(cpuMs() - start < 5000, `${cpuMs() - start} ms`);
  });
}

test('an answer is written behind the ids that it is asked for with, also where a token would reach over both', () => {
  const turns: ChatMessage[] = [...hello, { role: 'assistant', content: 'the end' }];
  const asking = (beginning: string) =>
    made(
      `{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}{% if add_generation_prompt %}${beginning}{% endif %}`,
    );
  for (const [beginning, written] of [
    ['assistant:', ' the end'],
    ['assistant: t', 'he end'],
  ]) {
    const template = asking(beginning);
    const { prompt, answer } = template.encodeAnswer(turns);
    assert.deepEqual(prompt, template.encode(hello).ids);
    assert.equal(tokenizer.decode(answer), written);
  }
  assert.throws(() => asking('bot:').encodeAnswer(turns), /messages: must be as the chat template goes on/);
});

test('after a template that had to be stopped the next one runs', () => {
  const template = made(
    '{% if messages[0].content == "stop" %}{{ range(10000000000) }}{% else %}fine{% endif %}',
  );
  assert.throws(() => template.encode([{ role: 'user', content: 'stop' }]), FileError);
  assert.equal(template.encode(hello).text, 'fine');
});

test('a template is where the files say, the .jinja file first', () => {
  const from = (texts: Partial<Record<TokenizerFileName, string>>) => {
    const files = { directory: 'model', texts: new Map(Object.entries(texts)) } as Parameters<
      typeof chatTemplateOf
    >[0];
    const template = chatTemplateOf(files, tokenizer, noon);
    return template?.encode(hello).text;
  };
  const config = JSON.stringify({ chat_template: 'config {{ bos_token }}', bos_token: { content: '<s>' } });
  assert.equal(from({}), undefined);
  assert.equal(from({ 'tokenizer_config.json': '{"chat_template": null}' }), undefined);
  assert.equal(from({ 'tokenizer_config.json': config }), 'config <s>');
  const json = '{"chat_template": "json"}';
  assert.equal(from({ 'tokenizer_config.json': config, 'chat_template.json': json }), 'json');
  assert.equal(from({ 'chat_template.json': json, 'chat_template.jinja': 'jinja' }), 'jinja');
  const listed = JSON.stringify({
    chat_template: [
      { name: 'other', template: 'o' },
      { name: 'default', template: 'd' },
    ],
  });
  assert.equal(from({ 'tokenizer_config.json': listed }), 'd');
  for (const wrong of ['[]', '[{"name": "default"}]', '7'])
    assert.throws(
      () => from({ 'tokenizer_config.json': `{"chat_template": ${wrong}}` }),
      /^FileError: model\/tokenizer_config\.json: expected chat_template to be text, or a list/,
    );
});
