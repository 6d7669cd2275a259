import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chatCommand } from '../src/cli/commands/chat.ts';
import type { Command } from '../src/cli/command.ts';
import { editCommand } from '../src/cli/commands/edit.ts';
import { generateCommand } from '../src/cli/commands/generate.ts';
import { infillCommand } from '../src/cli/commands/infill.ts';
import inspect from '../src/cli/commands/inspect.ts';
import { commands as commandTable } from '../src/cli/command-table.ts';
import { parseOptions } from '../src/cli/flags.ts';
import pull from '../src/cli/commands/pull.ts';
import { runProgram } from '../src/cli/program.ts';
import { scoreCommand } from '../src/cli/commands/score.ts';
import { load } from '../src/language-model/load.ts';
import { startFakeHub } from './fake-hub.ts';
import { fakeIo } from './fake-io.ts';
import { temporaryFolder, writeTinyModel } from './tiny-model.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/** The lines of all blocks of a language, and the commands that stand in the text or in a table. */
function blocks(markdown: string, language: string): string[] {
  return Array.from(markdown.matchAll(/^```(\w+)\n([^]*?)^```/gm))
    .filter(([, name]) => name === language)
    .map(([, , content]) => content);
}

/** The words of a shell command up to a pipe, a redirection or a comment; quotes taken off. */
function wordsOf(command: string): string[] {
  const [plain] = command.replace(/\s#\s.*$/, '').split(/ > /);
  return Array.from(plain.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare);
}

/** What a line sends a command by `echo`. */
const echoed = (line: string): string | undefined => /^echo "([^"]*)" \|/.exec(line)?.[1];

function commandsOf(markdown: string): string[][] {
  const lines = blocks(markdown, 'sh').flatMap((block) => block.split('\n'));
  const inline = Array.from(markdown.matchAll(/`((?:npm|npx|node) [^`…]+)`/g), ([, command]) => command);
  return (
    [...lines, ...inline]
      .flatMap((line) => line.split(' | '))
      .map(wordsOf)
      // what is set for a command alone
      .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
      .filter((words) => words.length > 0)
  );
}

const commands: Readonly<Record<string, Command>> = Object.fromEntries(
  await Promise.all(
    Object.entries(commandTable).map(async ([name, open]) => [name, (await open()).default] as const),
  ),
);

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'bench/README.md',
  'tasks/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test('every command of the documents exists, with its options and scripts', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  let unmaskCommands = 0;
  for (const words of documents.flatMap((name) => commandsOf(read(name)))) {
    const [program, name, third] = words;
    if (program === 'npx' && name === 'esbuild') continue; // run by test/bundlers.browser.ts
    if (['npx', 'unmask', 'mpirun', 'srun'].includes(program)) {
      const [command, ...rest] = words.slice(words.indexOf('unmask') + 1);
      assert.ok(words.includes('unmask') && commands[command], words.join(' '));
      if (rest.includes('--help')) continue;
      parseOptions(commands[command].options, rest, commands[command].positionals);
      unmaskCommands++;
    } else if (program === 'sbatch') {
      assert.ok(existsSync(join(root, name)), name);
    } else if (program === 'npm') {
      if (['pack', 'install'].includes(name)) continue; // npm's own: test/package.slow.test.ts
      const script = name === 'run' ? third : name;
      assert.ok(scripts[script], `npm script ${script}`);
    } else if (program === 'node') {
      const source = name.replace(/^dist\//, '').replace(/\.js$/, '.ts');
      assert.ok(existsSync(join(root, source)), name);
    }
  }
  assert.ok(unmaskCommands >= 8);
});

test('the commands of the README and of what it leads to that need no training run, on a tiny model', async (t) => {
  const model = join(await temporaryFolder(t), 'tiny');
  await writeTinyModel(model, { maxLength: 192 });
  const template = '{% for m in messages %}{{ m.role }} {{ m.content }}<|endoftext|>{% endfor %}';
  await writeFile(join(model, 'chat_template.jinja'), template);
  const files = readdirSync(model).map((name) => [name, readFileSync(join(model, name))] as const);
  const hub = await startFakeHub(t, 'GSAI-ML/LLaDA-8B-Base', new Map(files));
  const HF_HUB_CACHE = await temporaryFolder(t);
  process.env.HF_HUB_CACHE = HF_HUB_CACHE;
  t.after(() => delete process.env.HF_HUB_CACHE);
  const runnable: Record<string, Command> = {
    inspect,
    pull,
    generate: generateCommand(({ device, weights }) => load(model, { device, weights })),
    chat: chatCommand(({ device, weights }) => load(model, { device, weights })),
    score: scoreCommand(({ device, weights }) => load(model, { device, weights })),
    infill: infillCommand(({ device, weights }) => load(model, { device, weights })),
    edit: editCommand(({ device, weights }) => load(model, { device, weights })),
  };
  const lines = ['README.md', 'docs/writing.md', 'docs/models.md']
    .flatMap((name) => blocks(read(name), 'sh'))
    .flatMap((block) => block.split('\n'))
    .map((line) => ({ stdin: echoed(line), words: wordsOf(line.split(' | ').at(-1)!) }))
    .filter(
      ({ words: [program, , name, ...rest] }) =>
        program === 'npx' && Object.hasOwn(runnable, name) && !rest.includes('--file'),
    );
  assert.ok(lines.length >= 10);
  for (const {
    stdin = 'Once upon a time',
    words: [, , name, ...rest],
  } of lines) {
    const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE };
    const io = fakeIo({ stdin: `${stdin}\n`, env });
    const args = rest.map((word) => (word === 'runs/mine' ? model : word));
    const code = await runProgram(
      [name, ...args],
      io,
      { [name]: async () => ({ default: runnable[name] }) },
      '0',
    );
    assert.equal(code, 0, `${rest.join(' ')}: ${io.err}`);
    // an edit that changes nothing says so on stderr
    assert.notEqual(name === 'edit' ? io.err : io.out, '');
  }
});

test('the program in the README runs, on a tiny model', async (t) => {
  const folder = await temporaryFolder(t);
  await writeTinyModel(join(folder, 'tiny'), { maxLength: 192 });
  const [program] = blocks(read('README.md'), 'ts');
  const index = new URL('../src/index.js', import.meta.url).href;
  const path = join(folder, 'program.mjs');
  const runnable = program
    .replace("from 'unmask'", `from '${index}'`)
    .replace('load(shippedModel)', `load(${JSON.stringify(join(folder, 'tiny'))})`)
    .replace('console.log(', 'globalThis.unmaskLog(');
  await writeFile(path, `${runnable}\nexport { text, stats, story, mended, nats, standardError };\n`);

  const logged: unknown[] = [];
  Object.assign(globalThis, { unmaskLog: (t: number, text: string) => void logged.push([t, text]) });
  const { text, stats, story, mended, nats } = (await import(pathToFileURL(path).href)) as {
    text: string;
    stats: { forwards: number };
    story: { text: string };
    mended: { text: string };
    nats: number;
  };
  assert.equal(logged.length, 33);
  assert.ok(text.startsWith('The dog') && stats.forwards > 0);
  assert.match(story.text, /^Tom was sad\. [^]* Then he was happy again\.$/);
  assert.ok(mended.text.length > 0);
  assert.ok(nats > 0);
});

test('links of the documents lead somewhere', () => {
  for (const name of documents) {
    for (const [, target] of read(name).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert.ok(existsSync(join(root, name, '..', target)), `${name} links to ${target}`);
    }
  }
});

test('docs/dependencies.md names every dependency', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const readme = read('docs/dependencies.md');
  for (const name of Object.keys({ ...dependencies, ...devDependencies }))
    assert.ok(readme.includes(`\`${name}\``), name);
});

/** The documents about the code itself. */
const maps = ['ARCHITECTURE.md', 'docs/equations.md', 'docs/decisions.md'];

for (const document of maps)
  test(`the files that ${document} names are there`, () => {
    const named = [...read(document).matchAll(/`([\w-]+\/[\w/.-]+\.ts)(?:: \w+)?`/g)];
    assert.ok(named.length > 2);
    for (const [, path] of named)
      assert.ok(existsSync(join(root, 'src', path)) || existsSync(join(root, path)), path);
  });

test('what docs/equations.md says of an equation is exported by its file', () => {
  const named = [...read('docs/equations.md').matchAll(/`([\w/-]+\.ts): (\w+(?:, \w+)*)`/g)];
  assert.ok(named.length > 20);
  for (const [, path, names] of named)
    for (const name of names.split(', '))
      assert.match(
        read(join('src', path)),
        new RegExp(`export (async )?(function\\*?|const) ${name}\\b`),
        `${path}: ${name}`,
      );
});

test('every folder of src/ has its line in ARCHITECTURE.md', () => {
  const tree = read('ARCHITECTURE.md');
  for (const { name } of readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  ))
    assert.match(tree, new RegExp(`^  ${name}/ `, 'm'));
});
