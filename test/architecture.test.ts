import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What each folder of src/ may import beside itself, types included: one line a folder, those below first. */
const allowed: Readonly<Record<string, string>> = {
  base: '',
  diffusion: 'base',
  graph: 'base',
  checkpoint: 'base',
  tokenizer: 'base checkpoint',
  hub: 'base checkpoint',
  runtime: 'base graph',
  data: 'base checkpoint tokenizer',
  model: 'base graph checkpoint runtime',
  sampling: 'base diffusion',
  likelihood: 'base diffusion sampling',
  'model-files': 'base diffusion checkpoint tokenizer hub runtime model sampling likelihood',
  'language-model': 'base diffusion graph tokenizer runtime model sampling likelihood model-files',
  ranks: 'base',
  training:
    'base ranks diffusion graph checkpoint tokenizer runtime data model sampling likelihood model-files language-model',
  browser:
    'base graph checkpoint tokenizer runtime data model sampling likelihood model-files language-model training',
  library:
    'base ranks checkpoint tokenizer hub data model sampling likelihood model-files language-model training',
  evaluation:
    'base ranks checkpoint tokenizer data model sampling likelihood model-files language-model training library',
  server:
    'base checkpoint tokenizer hub data model sampling model-files language-model training library evaluation',
  cli: 'base checkpoint ranks tokenizer hub runtime model sampling likelihood model-files language-model training library evaluation server',
};

const root = fileURLToPath(new URL('../../', import.meta.url));
const source = join(root, 'src');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  exports: Record<string, string | { default: string }>;
};
/** The files that other programs import: what package.json exports. */
const entries = Object.values(packageJson.exports).flatMap((target) =>
  typeof target === 'string' || target.default.endsWith('/worker.js')
    ? []
    : target.default.replace(/^\.\/dist\/src\/(.*)\.js$/, '$1.ts'),
);

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Files of src/ that it imports, types included. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

function folderOf(path: string): string {
  return path.split(sep)[0];
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path): SourceFile => {
    const text = readFileSync(join(source, path), 'utf8');
    const specifiers = Array.from(
      text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
      ([, from, bare, lazy]) => from ?? bare ?? lazy,
    );
    return {
      path,
      folder: folderOf(path),
      text,
      imports: specifiers
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(source, join(source, dirname(path), specifier))),
      packages: specifiers.filter((name) => !/^(\.|node:|#)/.test(name)),
    };
  });

test('the sources are read: every folder is there, and what is imported exists', () => {
  assert.deepEqual(
    [...new Set(files.map(({ folder }) => folder))].sort(),
    [...Object.keys(allowed), 'entries', 'index.ts'].sort(),
  );
  assert.deepEqual(
    files.filter(({ folder }) => folder === 'entries').map(({ path }) => path),
    entries.filter((path) => path !== 'index.ts').toSorted(),
  );
  assert.ok(files.length > 60);
  for (const { path, imports } of files) {
    for (const imported of imports)
      assert.ok(existsSync(join(source, imported)), `${path} imports ${imported}`);
  }
});

test('imports point down', () => {
  const upward = files.flatMap(({ path, folder, imports }) =>
    (entries.includes(path) ? [] : imports)
      .filter((imported) => ![folder, ...allowed[folder].split(' ')].includes(folderOf(imported)))
      .map((imported) => `${path} imports ${imported}`),
  );
  assert.deepEqual(upward, []);
});

test('the pages load of src/ what draws, and what speaks to a model; nothing in src/ knows what is outside', () => {
  const loadable = { studio: /^(?:base|cli\/terminal)\//, site: /^(?:base|browser|server|training)\// };
  for (const [folder, allowedPaths] of Object.entries(loadable))
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(path) || /(?:^|[\\/])test[\\/]|\.test\.ts$/.test(path)) continue;
      const text = readFileSync(join(root, folder, path), 'utf8');
      for (const name of loadedBy(text).filter((each) => each.includes('/src/')))
        assert.match(name.replace(/^.*\/src\//, ''), allowedPaths, `${folder}/${path}`);
    }
  assert.deepEqual(
    files.filter(({ imports }) => imports.some((path) => path.startsWith('..'))).map(({ path }) => path),
    [],
  );
});

test('no file imports itself through others, types included', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `a ring: ${[...trail, path].join(' → ')}`);
    if (done.has(path)) return;
    for (const imported of byPath.get(path)?.imports ?? []) visit(imported, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
});

test('only runtime/ knows ONNX Runtime, and the core has no dependencies', () => {
  const users = (name: RegExp): string[] => [
    ...new Set(
      files.filter(({ packages }) => packages.some((used) => name.test(used))).map(({ folder }) => folder),
    ),
  ];
  assert.deepEqual(users(/^onnxruntime/), ['runtime']);
  assert.deepEqual(users(/^protobufjs/), ['graph']);
  for (const { path, folder, packages } of files) {
    if (['base', 'diffusion', 'model', 'sampling', 'likelihood'].includes(folder)) {
      assert.deepEqual(
        packages.filter((used) => used !== 'zod'),
        [],
        path,
      );
    }
  }
});

/** What is there when a program runs: types are gone by then. */
function loadedBy(text: string): string[] {
  const statements = text.matchAll(
    /^(?:import|export)(?! type)\b[^;]*?\bfrom '([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return Array.from(statements, ([, from, lazy]) => from ?? lazy);
}

test('what a page loads has nothing of Node', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const problems: string[] = [];
  const visit = (path: string, by: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const { text } = byPath.get(path)!;
    if (/\b(?:Buffer|process)\.\w/.test(text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '')))
      problems.push(`${path}, for ${by}, uses what only Node has`);
    for (const name of loadedBy(text)) {
      if (name.startsWith('node:')) problems.push(`${path}, for ${by}, imports ${name}`);
      else if (name === '#engine') visit(join('runtime', 'engine-web.ts'), path);
      else if (name.startsWith('.')) visit(relative(source, join(source, dirname(path), name)), path);
    }
  };
  for (const entry of [join('entries', 'browser.ts'), join('browser', 'worker.ts')]) visit(entry, 'a page');
  assert.deepEqual(problems, []);
  assert.ok(seen.size > 100);
});

test('only hub/ and browser/ speak to servers', () => {
  const speakers = files.filter(({ text }) => /\bfetch\(/.test(text));
  assert.deepEqual([...new Set(speakers.map(({ folder }) => folder))], ['browser', 'hub']);
});

test('every package that is imported is a dependency, and every dependency is imported', () => {
  const { dependencies, optionalDependencies, peerDependencies } = packageJson;
  const nameOf = (specifier: string): string =>
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
  const used = new Set(files.flatMap(({ packages }) => packages.map(nameOf)));
  assert.deepEqual(
    [...used].sort(),
    Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).sort(),
  );
});

test('the files that only pass on are the public surface', () => {
  const barrels = files.filter(({ text }) => {
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    return !/\b(const|function|class|interface|await)\b|\btype \w+ =/.test(
      code.replace(/export (type )?\{[^}]*\}/g, ''),
    );
  });
  assert.deepEqual(barrels.map(({ path }) => path).sort(), entries.toSorted());
  for (const { path, text } of files) assert.ok(!/^export \*/m.test(text), `${path} exports by star`);
});

test('no randomness and no clock but those that are passed, below the edge', () => {
  const core = new Set([
    'base',
    'diffusion',
    'graph',
    'model',
    'sampling',
    'likelihood',
    'tokenizer',
    'training',
  ]);
  for (const { path, folder, text } of files) {
    if (!core.has(folder)) continue;
    assert.ok(!/\bMath\.random\(|\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/.test(text), path);
  }
});

test('no name is exported by two files', () => {
  const places = new Map<string, string[]>();
  for (const { path, text } of files)
    for (const [, name] of text.matchAll(
      /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm,
    ))
      places.set(name, [...new Set([...(places.get(name) ?? []), path])]);
  // openEngine is one function, for Node and for a page
  const twice = [...places].filter(([name, paths]) => paths.length > 1 && name !== 'openEngine');
  assert.deepEqual(twice, []);
});

test('what a file of src/ exports says what it is', () => {
  const declared = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/;
  const silent = files.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    const told = new Set<string>(); // of a function with several signatures the first one does
    return lines.flatMap((line, i) => {
      const name = declared.exec(line)?.[1];
      if (name === undefined || told.has(name)) return [];
      told.add(name);
      return lines
        .slice(0, i)
        .findLast((above) => !above.startsWith('// oxlint'))
        ?.endsWith('*/')
        ? []
        : [`${path}: ${name}`];
    });
  });
  assert.deepEqual(silent, []);
});
