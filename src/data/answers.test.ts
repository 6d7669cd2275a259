import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chatTemplate, type ChatTemplate } from '../tokenizer/chat-template.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import { taggedTemplate } from '../tokenizer/plain-template.ts';
import { saveTokenizer } from '../tokenizer/save.ts';
import { withSpecialTokens } from '../tokenizer/tokenizer-json.ts';
import { type AnswersOptions, openAnswers } from './answers.ts';
import type { Batch, Dataset } from './dataset.ts';
import { pairsOfAnswers } from './exchanges.ts';
import { makeTokenizer } from './make-tokenizer.ts';

const root = mkdtempSync(join(tmpdir(), 'unmask-answers-'));
after(() => rmSync(root, { recursive: true }));

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
writeFileSync(join(root, 'text.txt'), `${printable}\n`);
const json = await makeTokenizer([join(root, 'text.txt')], { kind: 'characters', vocabularySize: 0 });
saveTokenizer(join(root, 'tokenizer'), withSpecialTokens(json, taggedTemplate.tokens));
const tokenizer = await loadTokenizer(join(root, 'tokenizer'));
const sources = new Map([['default', taggedTemplate.source]]);
const clock = () => new Date(0);
const template: ChatTemplate = chatTemplate({ sources, path: 'plain', tokenNames: {}, tokenizer, clock });

let files = 0;
const file = (content: string | Buffer, ending = 'jsonl'): string => {
  const path = join(root, `file-${files++}.${ending}`);
  writeFileSync(path, content);
  return path;
};
const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

const open = (data: string[], options: Partial<AnswersOptions> = {}): Promise<Dataset> =>
  openAnswers(
    { length: 100, seed: 1, validationShare: 0, ...options, data },
    tokenizer,
    template,
    join(root, `run-${files++}`),
  );

/** What is given and what is learned in each row, as text. */
const pairs = ({ shape: [B, L], data, maskable, lengths }: Batch): [string, string][] =>
  Array.from({ length: B }, (_, b) => {
    const first = maskable!.indexOf(1, b * L);
    assert.ok(maskable!.subarray(first, (b + 1) * L).every((flag) => flag === 1));
    const text = (from: number, to: number) => tokenizer.decode(data.subarray(from, to), { special: true });
    return [text(b * L, first), text(first, b * L + lengths[b])];
  });
const all = (dataset: Dataset): [string, string][] => pairs(dataset.batch(0, dataset.windows)).sort();

const whole = '<|user|>Hi<|end|><|assistant|>';
const hello: [string, string] = [whole, 'Hello<|end|>'];

test('every shape of a row gives the same example, whatever its file is called', async () => {
  const rows = [
    {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
      ],
    },
    {
      conversations: [
        { from: 'human', value: 'Hi' },
        { from: 'gpt', value: 'Hello' },
      ],
    },
    { topic: 'greetings', turns: ['Hi', 'Hello'] },
    { instruction: 'Hi', input: '', output: 'Hello' },
    { prompt: 'Hi', completion: 'Hello' },
    { question: 'Hi', answer: 'Hello' },
    { prompt: 'Hi', response: 'Hello', id: 7 },
  ];
  for (const path of [
    file(lines(rows)),
    file(JSON.stringify(rows, undefined, 2), 'json'),
    file(JSON.stringify(rows), 'json'),
    file(gzipSync(JSON.stringify(rows)), 'json.gz'),
    file(gzipSync(lines(rows)), 'jsonl.gz'),
  ])
    assert.deepEqual(
      all(await open([path])),
      rows.map(() => hello),
      path,
    );
});

test("a system's message, an input and a history stand before the question", async () => {
  const rows = [
    {
      system: 'S',
      conversations: [
        { from: 'human', value: 'Hi' },
        { from: 'gpt', value: 'Hello' },
      ],
    },
    { system: 'S', instruction: 'Add', input: '1 2', output: '3', history: [['a', 'b']] },
  ];
  assert.deepEqual(
    all(await open([file(lines(rows))])),
    [
      [`<|system|>S<|end|>${whole}`, 'Hello<|end|>'],
      ['<|system|>S<|end|><|user|>a<|end|><|assistant|>', 'b<|end|>'],
      [
        '<|system|>S<|end|><|user|>a<|end|><|assistant|>b<|end|><|user|>Add\n\n1 2<|end|><|assistant|>',
        '3<|end|>',
      ],
    ].sort(),
  );
});

test('each answer of a conversation is an example, with what was said before it', async () => {
  const dataset = await open([file(lines([{ turns: ['a', 'b', 'c', 'd'] }]))]);
  assert.deepEqual(
    all(dataset),
    [
      ['<|user|>a<|end|><|assistant|>', 'b<|end|>'],
      ['<|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>', 'd<|end|>'],
    ].sort(),
  );
});

test('answers of weight 0 are counted, and what is given before others', async () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b', weight: 0 },
    { role: 'user', content: 'c' },
    { role: 'assistant', content: 'd', weight: 1 },
  ];
  const dataset = await open([file(lines([{ messages }]))]);
  assert.deepEqual(all(dataset), [
    ['<|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>', 'd<|end|>'],
  ]);
  assert.ok(dataset.summary.includes('1 answer of weight 0: read, and not learned'), `${dataset.summary}`);
});

test('calls of tools are learned as the chat template writes them, and its tools are given', async () => {
  const source =
    "{% for t in tools or [] %}[{{ t.function.name }}]{% endfor %}{% for m in messages %}{{ '<|' + m.role + '|>' }}" +
    '{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %}<|end|>{% endfor %}' +
    '{% if add_generation_prompt %}<|assistant|>{% endif %}';
  const withCalls = chatTemplate({
    sources: new Map([['default', source]]),
    path: 'calls',
    tokenNames: {},
    tokenizer,
    clock,
  });
  const row = {
    tools: [{ type: 'function', function: { name: 'add' } }],
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'add', arguments: '{"a":1}' } }] },
    ],
  };
  const dataset = await openAnswers(
    { length: 100, seed: 1, validationShare: 0, data: [file(lines([row]))] },
    tokenizer,
    withCalls,
    join(root, `run-${files++}`),
  );
  assert.deepEqual(all(dataset), [
    ['[add]<|user|>Hi<|end|><|assistant|>', '{"name": "add", "arguments": {"a": 1}}<|end|>'],
  ]);
});

test('special tokens that are spelled in a message are common text', async () => {
  const dataset = await open([file(lines([{ prompt: 'a', answer: 'b<|end|>c' }]))]);
  const { data } = dataset.batch(0, 1);
  const ends = data.filter((id) => id === tokenizer.specialTokens.get('<|end|>'));
  assert.equal(ends.length, 2); // behind the question and behind the answer
  assert.deepEqual(all(dataset), [['<|user|>a<|end|><|assistant|>', 'b<|end|>c<|end|>']]);
});

test('a row of a batch is padded with the end token, which is learned', async () => {
  const dataset = await open([file(lines([{ prompt: 'Hi', answer: 'Hello' }]))]);
  const { shape, data, maskable, lengths } = dataset.batch(0, 1);
  assert.deepEqual(shape, [1, 32]);
  assert.ok(data.subarray(lengths[0]).every((id) => id === tokenizer.endId));
  assert.ok(maskable!.subarray(lengths[0]).every((flag) => flag === 1));
});

test('what cannot be used is counted, and named by file and line', async () => {
  const good = Array.from({ length: 10 }, () => ({ prompt: 'Hi', answer: 'Hello' }));
  const bad: [unknown, string][] = [
    ['{', 'not JSON'],
    [[1], 'no conversation'],
    [{ text: 'a story' }, 'no conversation'],
    [{ prompt: 'Hi', chosen: 'Hello', rejected: 'Go' }, 'no conversation but a pair'],
    [{ messages: [{ role: 'user', content: 'Hi' }] }, 'no answer'],
    [
      {
        messages: [
          { role: 'robot', content: 'Hi' },
          { role: 'assistant', content: 'x' },
        ],
      },
      'unknown role',
    ],
    [
      {
        messages: [
          { role: 'tool', content: 'Hi' },
          { role: 'assistant', content: 'x' },
        ],
      },
      'refused by the chat template',
    ],
    [{ prompt: 'Hi', answer: 3 }, 'not a text'],
    [
      {
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f', arguments: '{}' } }] },
        ],
      },
      'tool calls that the chat template leaves out',
    ],
    [{ prompt: 'Hi', answer: 'a', weight: 0.5 }, 'a weight other than 0 and 1'],
    [{ prompt: 'Hi', answer: ' ' }, 'empty'],
    [{ prompt: 'Hi', answer: '\ud800' }, 'half a surrogate pair'],
    [{ prompt: 'x'.repeat(200), answer: 'y' }, 'too long for the context'],
  ];
  for (const [row, reason] of bad) {
    const path = file(lines([...good, row, ...good]));
    const dataset = await open([path], { maximumBadShare: 0.1 });
    assert.deepEqual(
      all(dataset),
      [...good, ...good].map(() => hello),
    );
    assert.equal(dataset.manifest.counts['badRows'], 1);
    const told = `skipped 1 row: 1 ${reason} (${path}:11 ${reason})`;
    assert.ok(
      dataset.summary.some((line) => line.startsWith(told)),
      reason,
    );
    assert.deepEqual(dataset.manifest.badRows, [{ path, line: 11, reason }]);
    await assert.rejects(open([path]), new RegExp(`1 of 21: 1 ${reason} \\(.*:11 ${reason}\\)`));
  }
});

test('in a list over many lines the line of an element is told, and a damaged one spoils no other', async () => {
  const path = file(
    '[\n  {"prompt": "Hi",\n   "answer": "Hello"},\n\n  {"prompt": },\n  {"prompt": "[{\\"", "answer": "}"}\n]\n',
    'json',
  );
  const dataset = await open([path], { maximumBadShare: 0.5 });
  assert.deepEqual(all(dataset), [['<|user|>[{"<|end|><|assistant|>', '}<|end|>'], hello].sort());
  assert.ok(dataset.summary.at(-1)!.endsWith(`(${path}:5 not JSON)`), dataset.summary.at(-1));
  await assert.rejects(
    open([file('[{"prompt": "a", "answer": "b"}', 'json')], { maximumBadShare: 0 }),
    /1 not JSON/,
  );
});

test('the oldest turns are left out where a conversation is too long, then an answer is cut; both are told', async () => {
  const x = 'x'.repeat(20);
  const path = file(
    lines([
      { system: 'S', turns: [x, x, x, x] },
      { prompt: 'Hi', answer: 'y'.repeat(95) },
    ]),
  );
  const dataset = await open([path], { length: 64 });
  const [cut, ...others] = all(dataset).toReversed();
  assert.deepEqual(
    others.map(([given]) => given),
    Array(2).fill(`<|system|>S<|end|><|user|>${x}<|end|><|assistant|>`),
  );
  assert.deepEqual(cut, [whole, 'y'.repeat(59)]); // with the 5 before it; it does not end
  assert.ok(
    dataset.summary.includes('before 1 answer the oldest turns were left out, to fit into 64 tokens'),
  );
  assert.ok(
    dataset.summary.some(
      (line) =>
        line.startsWith('1 answer was cut to 64 tokens with what came before: 37 tokens, ') &&
        line.endsWith(`(the first at ${path}:2)`),
    ),
    dataset.summary.join('\n'),
  );
});

test('whole conversations are held out', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({ turns: [`q${i}.`, 'a', `r${i}.`, 'b'] }));
  const dataset = await open([file(lines(rows))], { validationShare: 0.25 });
  const { count } = dataset.validation;
  assert.deepEqual([dataset.windows, count], [30, 10]);
  const names = (batch: Batch) => new Set(pairs(batch).map(([given]) => /q(\d+)\./.exec(given)![1]));
  const [learned, held] = [names(dataset.batch(0, 30)), names(dataset.validation.batch(0, count))];
  assert.equal(held.size, 5);
  assert.deepEqual(
    [...learned].filter((name) => held.has(name)),
    [],
  );
});

test('files without a conversation, and files of other kinds, are refused', async () => {
  await assert.rejects(open([file('', 'jsonl')]), /expected text to learn from/);
  await assert.rejects(
    open([join(root, 'text.txt')]),
    /expected a \.jsonl or \.json file, plain or \.gz, found another ending/,
  );
});

const openPairs = (data: string[], options: Partial<AnswersOptions> = {}): Promise<Dataset> =>
  open(data, { meaning: pairsOfAnswers, ...options });

test('every shape of a pair of answers gives the same two rows, the chosen one first', async () => {
  const asked = { role: 'user', content: 'Hi' };
  const [chosen, rejected] = [
    { role: 'assistant', content: 'Hello' },
    { role: 'assistant', content: 'Go' },
  ];
  const gpt = (value: string) => ({ from: 'gpt', value });
  const rows = [
    { prompt: 'Hi', chosen: 'Hello', rejected: 'Go' },
    { prompt: [asked], chosen: [chosen], rejected: [rejected] },
    { chosen: [asked, chosen], rejected: [asked, rejected] },
    { prompt: 'Hi', chosen: [asked, chosen], rejected: [asked, rejected], score_chosen: 8 },
    { prompt: 'Hi', chosen: [chosen], rejected: [rejected] },
    { messages: [asked], chosen, rejected },
    { messages: [asked], chosen: 'Hello', rejected: 'Go' },
    { conversations: [{ from: 'human', value: 'Hi' }], chosen: gpt('Hello'), rejected: gpt('Go') },
    { question: 'Hi', chosen: gpt('Hello'), rejected: gpt('Go') },
    { instruction: 'Hi', input: '', chosen: 'Hello', rejected: 'Go' },
  ];
  for (const [i, row] of rows.entries()) {
    const dataset = await openPairs([file(lines([row]))]);
    assert.equal(dataset.windows, 1);
    assert.deepEqual(pairs(dataset.batch(0, 1)), [hello, [whole, 'Go<|end|>']], `row ${i}`);
  }
  const dataset = await openPairs([
    file(lines([{ system: 'S', messages: [asked, chosen, asked], chosen, rejected }])),
  ]);
  const given = `<|system|>S<|end|>${whole}Hello<|end|>${whole}`;
  assert.deepEqual(pairs(dataset.batch(0, 1)), [
    [given, 'Hello<|end|>'],
    [given, 'Go<|end|>'],
  ]);
});

test('a batch of pairs keeps them together, and whole pairs are held out', async () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({
    prompt: `q${i}`,
    chosen: `y${i}`,
    rejected: `n${i}`,
  }));
  const dataset = await openPairs([file(lines(rows))], { validationShare: 0.2 });
  assert.deepEqual([dataset.windows, dataset.validation.count], [8, 2]);
  const all = [...pairs(dataset.batch(0, 8)), ...pairs(dataset.validation.batch(0, 2))];
  const seen = new Set<string>();
  for (let p = 0; p < 10; p++) {
    const [[given, chosen], [same, rejected]] = all.slice(2 * p, 2 * p + 2);
    assert.equal(given, same);
    const digit = /q(\d)/.exec(given)![1];
    assert.deepEqual([chosen, rejected], [`y${digit}<|end|>`, `n${digit}<|end|>`]);
    seen.add(digit);
  }
  assert.equal(seen.size, 10);
});

test('both answers of a pair are given the same turns, those beside which the longer one fits', async () => {
  const x = 'x'.repeat(15);
  const turn = (role: string) => ({ role, content: x });
  const messages = [turn('user'), turn('assistant'), turn('user')];
  const rows = [
    { messages, chosen: 'ok', rejected: 'no' },
    { messages, chosen: 'ok', rejected: 'n'.repeat(20) },
  ];
  const dataset = await openPairs([file(lines(rows))], { length: 64 });
  const short = `<|user|>${x}<|end|><|assistant|>`;
  const given = pairs(dataset.batch(0, 2)).map(([prompt]) => prompt);
  assert.deepEqual(new Set(given), new Set([short, `${short}${x}<|end|>${short}`]));
  assert.deepEqual([given[0], given[2]], [given[1], given[3]]);
  assert.ok(
    dataset.summary.includes('before 2 answers the oldest turns were left out, to fit into 64 tokens'),
    dataset.summary.join('\n'),
  );
});

test('pairs that cannot be used are named by file and line', async () => {
  const good = Array.from({ length: 10 }, () => ({ prompt: 'Hi', chosen: 'Hello', rejected: 'Go' }));
  const long = 'x'.repeat(200);
  const bad: [unknown, string][] = [
    [{ prompt: 'Hi', rejected: 'Hello' }, 'no chosen answer'],
    [{ prompt: long, chosen: 'y', rejected: 'z' }, 'too long for the context'],
    // nothing is left of what tells them apart
    [{ prompt: 'Hi', chosen: `${long}y`, rejected: `${long}z` }, 'too long for the context'],
  ];
  const path = file(lines([...good, ...bad.map(([row]) => row)]));
  const dataset = await openPairs([path], { maximumBadShare: 0.5 });
  assert.equal(dataset.windows, 10);
  const told = bad.map(([, reason], i) => `${path}:${11 + i} ${reason}`).join('; ');
  assert.ok(dataset.summary.at(-1)!.endsWith(`(${told})`), dataset.summary.at(-1));
  await assert.rejects(openPairs([path]), /3 of 13: 1 no chosen answer, 2 too long for the context/);
});

test('both answers of a pair that is skipped are told as cut wholly', async () => {
  const good = { prompt: 'Hi', chosen: 'Hello', rejected: 'Go' };
  const long = 'x'.repeat(200);
  const path = file(lines([good, { prompt: 'Hi', chosen: `${long}y`, rejected: `${long}z` }]));
  const { summary } = await openPairs([path], { maximumBadShare: 0.5 });
  const told = '2 answers were cut to 100 tokens with what came before, 2 of them wholly: 404 tokens, ';
  assert.ok(
    summary.some((line) => line.startsWith(told)),
    summary.join('\n'),
  );
});

test('rows of the other shape name the option that reads them', async () => {
  const rows = Array.from({ length: 5 }, () => ({ prompt: 'Hi', answer: 'Hello' }));
  await assert.rejects(openPairs([file(lines(rows))]), /; --learn answers is for conversations; /);
  const pairs = rows.map(({ prompt }) => ({ prompt, chosen: 'Hello', rejected: 'Go' }));
  await assert.rejects(
    open([file(lines(pairs))]),
    /found 5 of 5: .*; --learn preferences is for pairs of answers; mend the rows$/,
  );
});
