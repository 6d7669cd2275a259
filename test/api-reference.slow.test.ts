import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runToEnd, skipWithoutRegistry } from './npm-registry.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = join(root, 'dist/api');

test('npm run docs makes the API reference, and no public symbol is without a docstring', async (t) => {
  const made = await runToEnd('npm', ['run', 'docs'], {
    cwd: root,
    env: { npm_config_prefer_offline: 'true' },
  });
  if (skipWithoutRegistry(t, made)) return;
  // TypeDoc ends with another code where a docstring is missing or a link of one leads nowhere
  assert.equal(made.code, 0, made.out.slice(-4000));
  assert.doesNotMatch(made.out, /\[warning\]/);
  for (const page of [
    'functions/unmask.train',
    'functions/unmask_diffusion.sample',
    'types/unmask_graph.Loss',
  ])
    assert.ok(existsSync(join(pages, `${page}.html`)), page);
  const text = readFileSync(join(pages, 'functions/unmask.train.html'), 'utf8');
  assert.match(text, /goes on with it to the same\s+bits/);
});
