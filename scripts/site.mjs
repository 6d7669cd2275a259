// Builds dist/site: the studio's pages with the models in the page itself, for any static host, under any path.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, 'dist/site');
const run = (script, ...args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });

run('typescript/bin/tsc', '-p', 'site');
run('vite/bin/vite.js', 'build', '--config', 'site/vite.config.ts', '--logLevel', 'error');

const modelFile =
  /^(?:config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|^model\.safetensors$/;
for (const name of ['stories', 'talk', 'typescript']) {
  const [from, to] = [join(root, 'models', name), join(site, 'models', name)];
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) if (modelFile.test(file)) cpSync(join(from, file), join(to, file));
}

// all that the first visit needs beside a model; the engine with WebGPU is for those who have it
const files = readdirSync(site, { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => statSync(join(site, name)).isFile() && !/^models\/|asyncify|^service-worker/.test(name));
const hash = createHash('sha256');
for (const name of files.sort()) hash.update(name).update(readFileSync(join(site, name)));
const worker = readFileSync(join(root, 'site/service-worker.js'), 'utf8')
  .replace('__VERSION__', hash.digest('hex').slice(0, 16))
  .replace('__FILES__', JSON.stringify(['./', ...files.filter((name) => name !== 'index.html')]));
writeFileSync(join(site, 'service-worker.js'), worker);
