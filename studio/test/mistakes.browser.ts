import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skip, startStudio } from './browser.ts';

test('nothing begins while a field has a mistake in it', { skip, timeout: 60_000 }, async (t) => {
  const studio = await startStudio(t);
  const page = await studio.open();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.locator('.write .form').waitFor();
  const steps = page.getByLabel('steps', { exact: true });
  await page.locator('.group > summary', { hasText: 'How fast' }).click();
  await steps.fill('0');
  await page.getByRole('button', { name: /^Write/ }).click();
  await page.getByText('steps must be at least 1').waitFor();
  assert.equal(await steps.inputValue(), '0');
  assert.equal(asked.includes('/v1/completions'), false);

  await page.getByRole('navigation').getByRole('link', { name: 'Train' }).click();
  const form = page.getByRole('form', { name: 'New run' });
  await form.getByRole('button', { name: 'size and steps' }).click();
  await form.getByLabel('steps', { exact: true }).fill('x');
  await form.getByRole('button', { name: 'Start' }).click();
  await form.getByText('steps must be a number').waitFor();
  await form.getByLabel('steps', { exact: true }).fill('');
  await form.getByRole('button', { name: 'Start' }).click();
  assert.match((await form.getByRole('alert').textContent())!, /^Say what is to be learned/);
  assert.equal(asked.includes('/unmask/train'), false);
});
