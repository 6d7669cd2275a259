import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('what a page loads has nothing of Node, and without the engine at most 150 kB compressed', async () => {
  const entryPoints = ['entries/browser.js', 'browser/worker.js'].map((name) => join(root, 'dist/src', name));
  const { metafile, outputFiles } = await build({
    entryPoints,
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
    logLevel: 'silent',
    absWorkingDir: root,
    external: ['onnxruntime-web', 'node:*'],
  });
  const imports = Object.entries(metafile.inputs).flatMap(([path, input]) =>
    input.imports.flatMap(({ path: name, external }) => (external ? [`${path} imports ${name}`] : [])),
  );
  assert.deepEqual(
    imports.filter((sentence) => !/ imports onnxruntime-web\/(?:wasm|webgpu)$/.test(sentence)),
    [],
  );
  const ours = Object.keys(metafile.inputs).filter((path) => path.startsWith('dist/src/'));
  assert.ok(ours.length > 100);
  // what a page loads at once: what is imported lazily comes for models that need it
  const chunks = new Map(outputFiles.map(({ path, contents }) => [path.split('/').at(-1)!, contents]));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    const [, output] = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${name}`))!;
    for (const { path, kind, external } of output.imports)
      if (kind === 'import-statement' && !external) visit(path.split('/').at(-1)!);
  };
  for (const name of ['browser.js', 'worker.js']) visit(name);
  const bytes = [...needed].reduce((sum, name) => sum + gzipSync(chunks.get(name)!).length, 0);
  assert.ok(bytes < 150_000, `${bytes} bytes`);
  assert.ok(needed.size < chunks.size);
  const code = (path: string) => readFileSync(join(root, path), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  assert.deepEqual(
    ours.filter((path) => /\b(?:Buffer|process)\./.test(code(path))),
    [],
  );
});

test('a page that only loads a model carries no more than the worker’s client, at most 5 kB compressed', async () => {
  const contents = "import { load } from 'unmask/browser'; globalThis.load = load;";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    // installed by the suites of pages alone
    external: ['onnxruntime-web'],
    write: false,
    logLevel: 'silent',
  });
  const [{ contents: page }] = outputFiles;
  const bytes = gzipSync(page).length;
  assert.ok(bytes > 500 && bytes < 5000, `${bytes} bytes`);
});
