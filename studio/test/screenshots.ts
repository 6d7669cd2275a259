// Makes the pictures of the studio in docs/studio, light and dark: each page as it stands in the middle of its work.
//
//     npm run screenshots

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { fragmentOf } from '../core/link.ts';
import { executable, openGroup, root, startStudio, until } from './browser.ts';

if (executable === undefined)
  throw new Error('needs Chromium: install Debian’s package chromium, or set CHROMIUM=PATH');

const folder = join(root, 'docs/studio');
mkdirSync(folder, { recursive: true });

const ends: (() => unknown)[] = [];
const studio = await startStudio({ after: (end) => void ends.push(end as () => unknown) });
const page = await studio.open({ viewport: { width: 1200, height: 780 } });
await page.getByRole('heading', { level: 1, name: 'Write' }).waitFor();

async function open(name: string, settings = {}): Promise<void> {
  await page.goto(`${studio.url.split('#')[0]}${fragmentOf({ page: name, settings })}`);
  await page.waitForLoadState('networkidle');
}

async function picture(name: string): Promise<void> {
  if (name !== 'write') await page.mouse.move(1, 1); // at nothing, which would look chosen
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
  process.stderr.write(`${join(folder, name)}\n`);
}

/** Waits until a text is written, and shows it as it was at a part of the way. */
async function written(on: Page, share: number): Promise<void> {
  const range = on.locator('.transport input[type=range]').first();
  const stop = on.getByRole('button', { name: /^Stop/ });
  await until(
    async () => Number(await range.getAttribute('max')) > 4 && !(await stop.isVisible()),
    'a text',
    120,
  );
  await range.fill(String(Math.round(share * Number(await range.getAttribute('max')))));
}

// what one sees before anything was asked
await page.locator('.first-sight .token').first().waitFor();
await page.waitForTimeout(1800);
await picture('first');

await open('write', {
  prompt: 'Once upon a time',
  seed: 5,
  model: 'stories',
  options: { length: 96, blockLength: 48, strategy: 'low-confidence', steps: 48, temperature: 0.7 },
});
await page.getByRole('button', { name: /^Write/ }).click();
await written(page, 0.6);
await page.locator('.token').nth(14).click();
await page.setViewportSize({ width: 1200, height: 1060 });
await picture('write');
await page.setViewportSize({ width: 1200, height: 780 });

const story = `The dog ran after the ball, and his friend the cat came out of the house. "Do you want to play?" said the dog. "Yes," said the cat.

They played until the sun went down. Then the ball rolled under a tree, and they could not see it any more.`;

await open('fill', {
  text: `Once upon a time there was a little dog. He was very happy. One day he found a ball in the garden. The ball was big and red.\n\n${story}`,
});
await page.locator('.cm-content').waitFor();
await page.keyboard.press('Control+Home');
for (let n = 0; n < 41; n++) await page.keyboard.press('ArrowRight');
for (let n = 0; n < 17; n++) await page.keyboard.press('Shift+ArrowRight');
await page.keyboard.press('Alt+h');
await openGroup(page, 'What');
await page.getByLabel('seed', { exact: true }).fill('4');
await page.keyboard.press('Tab');
await page.getByRole('button', { name: /^Fill/ }).first().click();
await page
  .getByRole('button', { name: /^Accept/ })
  .first()
  .waitFor({ timeout: 120_000 });
await picture('fill');

await open('edit', {
  text: `Once upon a time there was a little dog. He barked purple in the park. Then he saw his friend and they played elephant all day.\n\n${story.replace('house', 'spoon')}`,
});
await page.locator('.cm-content').waitFor();
await page.getByRole('button', { name: 'Check' }).click();
await page.getByText('Least likely').waitFor({ timeout: 120_000 });
await picture('edit');

await open('chat', { model: 'talk' });
await page.getByRole('button', { name: 'Options' }).click();
await page.getByLabel('seed', { exact: true }).fill('3');
await page.getByRole('button', { name: 'Options' }).click();
for (const [i, text] of ['Tell me a story about a dog and a ball.', 'What happened next?'].entries()) {
  await page.fill('.composer textarea', text);
  await page.keyboard.press('Enter');
  await page.locator('.turn.assistant .said').nth(i).waitFor({ timeout: 120_000 });
  await page.locator('.composer button.main').waitFor();
}
await page.getByRole('button', { name: 'How it was written' }).last().click();
await written(page, 0.5);
await picture('chat');

await open('chat', { model: 'sudoku-4' });
await page.getByRole('button', { name: 'New conversation' }).click();
await page.locator('.first-lines button').first().click();
await page.getByText('✓ Solved').waitFor({ timeout: 120_000 });
await page.getByRole('button', { name: 'How it was written' }).click();
await page.locator('.transport input').fill('9');
await picture('sudoku');

const small =
  '--steps 120 --length 32 --batch 8 --validation-every 30 --validation-windows 8 --sample-every 30 --threads 1';
for (const [out, objective] of [
  ['runs/causal', 'autoregressive'],
  ['runs/masked', 'masked-diffusion'],
]) {
  const args = `train ${join(root, 'recipes/tinyshakespeare.txt.gz')} --tokenizer characters --objective ${objective} --out ${out} ${small}`;
  spawnSync(process.execPath, [join(root, 'dist/src/cli/main.js'), ...args.split(' ')], {
    cwd: studio.directory,
  });
}
await open('train');
await page.getByLabel('Show the curves of masked').waitFor();
for (const name of ['masked', 'causal']) await page.getByLabel(`Show the curves of ${name}`).check();
await page.waitForTimeout(1500);
await picture('train');

await open('claims');
await page.locator('.claim').nth(3).waitFor();
await picture('claims');

await open('models');
await page.locator('.model').nth(2).waitFor({ timeout: 60_000 });
await picture('models');

for (const end of ends) await end();
