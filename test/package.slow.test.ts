import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, runToEnd, skipWithoutRegistry } from './npm-registry.ts';

// The package as others get it: npm pack's tarball in folders with nothing else in them.

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const scratch = await mkdtemp(join(tmpdir(), 'unmask-package-'));
after(() => rm(scratch, { recursive: true, force: true }));

/** Where another project has the package by the README's line; set before the first test. */
const app = join(scratch, 'app');
let tarball: string;
let installed: Ended;

/** As on a machine that reaches a registry and nothing else: no server of CUDA's libraries. */
const noNuget = { GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:9' };
const quietly = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };

/** An empty project. */
async function project(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');
  return path;
}

/** The line of the README that installs the package elsewhere. */
const line = /^npm install .*unmask-[\d.]+\.tgz(?=\s)/m.exec(readme)![0];

const install = (cwd: string, program: string, args: readonly string[], env = {}): Promise<Ended> =>
  runToEnd(program, args, { cwd, env: { ...quietly, ...env } });

before(async () => {
  const packed = await runToEnd('npm', ['pack', '--pack-destination', scratch], { cwd: root });
  assert.equal(packed.code, 0, packed.out);
  tarball = join(
    scratch,
    (await readdir(scratch)).find((name) => name.endsWith('.tgz'))!,
  );
  const args = line.split(/\s+/).slice(1, -1);
  installed = await install(await project(app), 'npm', [...args, tarball], noNuget);
});

const isThere = (t: TestContext): boolean => {
  if (skipWithoutRegistry(t, installed)) return false;
  assert.equal(installed.code, 0, installed.out);
  return true;
};

const writes = ['generate', 'The dog', '--length', '6', '--seed', '1'];

/** Runs the installed program by Node, which needs no shell. */
const unmask = (cwd: string, args: readonly string[]): Promise<Ended> => {
  const { bin } = JSON.parse(readFileSync(join(cwd, 'node_modules/unmask/package.json'), 'utf8')) as {
    bin: { unmask: string };
  };
  return runToEnd(process.execPath, [join(cwd, 'node_modules/unmask', bin.unmask), ...args], { cwd });
};

test('what the README says of itself is in the tarball: files that it links to, no tests, no maps', async (t) => {
  if (!isThere(t)) return;
  const there = join(app, 'node_modules/unmask');
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target]) => target);
  assert.ok(links.length > 10);
  for (const target of links) assert.ok(existsSync(join(there, target)), target);
  const names = await readdir(join(there, 'dist'), { recursive: true });
  assert.deepEqual(
    names.filter((name) => /\.(test\.js|map)$/.test(name)),
    [],
  );
});

test("the README's line installs it where nothing but a registry is reached, and the program writes", async (t) => {
  if (!isThere(t)) return;
  const { code, out } = await unmask(app, writes);
  assert.equal(code, 0, out);
  assert.match(out, /^The dog .+/m);
});

const program = `import { load, shippedModel, type Model, train } from 'unmask';
import type { Selection } from 'unmask/diffusion';
import { input, type Tensor } from 'unmask/graph';

const apart: Selection = ({ masked, count }) => masked.slice(0, count);
export async function write(model: Model): Promise<string> {
  // @ts-expect-error: an option of another strategy
  await model.generate({ prompt: 'A', strategy: 'low-confidence', tau: 0.5 });
  await model.generate({ prompt: 'A', strategy: apart });
  return (await model.infill({ parts: ['A ', { minimum: 1, maximum: 2 }] })).text;
}
export const x: Tensor = input('x', 'float32', ['N']);
const task = train({ texts: ['a'], steps: 1 }, { onProgress: (event) => event.kind });
for await (const event of task) if (event.kind === 'step') console.log(event.loss.toFixed(2));
console.log(await write(await load(shippedModel)), (await task).isFinished);
`;

for (const [resolution, module] of [
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
] as const)
  test(`TypeScript finds the types by the resolution ${resolution}, those of the package's own files checked`, async (t) => {
    if (!isThere(t)) return;
    await writeFile(join(app, 'program.ts'), program);
    // Node's types, as every program for Node has them
    for (const name of ['@types/node', 'undici-types']) {
      const link = join(app, 'node_modules', name);
      await mkdir(dirname(link), { recursive: true });
      if (!existsSync(link)) await symlink(join(root, 'node_modules', name), link, 'junction');
    }
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node', '--lib', 'es2023,dom'];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const how = ['--moduleResolution', resolution, '--module', module];
    const { code, out } = await runToEnd(process.execPath, [tsc, ...options, ...how, 'program.ts'], {
      cwd: app,
    });
    assert.equal(code, 0, out);
  });

/** Writes with the model that ships, which has to be found. */
const writer = `load(shippedModel)
  .then(async (model) => {
    console.log((await model.generate({ prompt: 'The dog', length: 6, seed: 1 })).text);
    await model.close();
  });`;
const esm = `import { load, shippedModel } from 'unmask';\n${writer}\n`;

async function writesBy(file: string): Promise<void> {
  const { code, out } = await runToEnd(process.execPath, [file], { cwd: app });
  assert.equal(code, 0, out);
  assert.equal(out, (await unmask(app, writes)).out.split('\n').slice(0, 1).join('') + '\n');
}

test('CommonJS requires it', async (t) => {
  if (!isThere(t)) return;
  const file = join(app, 'program.cjs');
  const others = "for (const part of ['graph', 'diffusion']) require(`unmask/${part}`);";
  await writeFile(file, `const { load, shippedModel } = require('unmask');\n${others}\n${writer}\n`);
  await writesBy(file);
});

test('esbuild bundles it, as a module and for CommonJS, and the model that ships is found', async (t) => {
  if (!isThere(t)) return;
  const { build } = await import('esbuild');
  const entry = join(app, 'entry.js');
  await writeFile(entry, esm);
  for (const format of ['esm', 'cjs'] as const) {
    const outfile = join(app, 'bundles', format === 'esm' ? 'esbuild.mjs' : 'esbuild.cjs');
    await build({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      format,
      outfile,
      external: ['onnxruntime-node', 'koffi'],
      logLevel: 'error',
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
        },
      }),
    });
    await writesBy(outfile);
  }
});

test('vite bundles it', async (t) => {
  if (!isThere(t)) return;
  const { build } = await import('vite');
  const entry = join(app, 'entry.js');
  await writeFile(entry, esm);
  await build({
    root: app,
    configFile: false,
    logLevel: 'error',
    build: { ssr: entry, outDir: 'bundles/vite' },
    ssr: { noExternal: ['unmask'], external: ['onnxruntime-node', 'koffi'] },
  });
  await writesBy(join(app, 'bundles/vite/entry.js'));
});

test('installed with its scripts and no way to NuGet, it works or says the one line to type', async (t) => {
  const path = await project(join(scratch, 'scripts'));
  const ended = await install(path, 'npm', ['install', tarball], noNuget);
  if (skipWithoutRegistry(t, ended)) return;
  assert.equal(ended.code, 0, ended.out);
  const { code, out } = await unmask(path, writes);
  if (code === 0) return assert.match(out, /^The dog .+/m);
  assert.match(out, /onnxruntime-node, which runs the networks, isn't installed.* type .*npm install/);
});

for (const [name, args] of [
  ['pnpm', ['exec', '--yes', 'pnpm@10', 'add']],
  ['yarn', ['exec', '--yes', 'yarn@1.22', 'add']],
] as const)
  test(`${name} installs it, and the program writes`, async (t) => {
    const path = await project(join(scratch, name));
    const file = name === 'yarn' ? `file:${tarball}` : tarball;
    const ended = await install(path, 'npm', [...args.slice(0, 3), '--', args[3], file], noNuget);
    if (skipWithoutRegistry(t, ended)) return;
    assert.equal(ended.code, 0, ended.out);
    const { code, out } = await unmask(path, writes);
    assert.equal(code, 0, out);
    assert.match(out, /^The dog .+/m);
  });
