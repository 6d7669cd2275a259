import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFakeHub } from '../../test/fake-hub.ts';
import { writeTinyModel } from '../../test/tiny-model.ts';
import { fitsNarrow, skip, startStudio, until, violations } from './browser.ts';

const seconds = 1000;

test('models are listed, inspected, pulled and quantised', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'unmask-studio-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await writeTinyModel(join(folder, 'tiny'));
  const files = readdirSync(join(folder, 'tiny')).map(
    (name) => [name, readFileSync(join(folder, 'tiny', name))] as const,
  );
  const hub = await startFakeHub(t, 'some-org/tiny', new Map(files));
  // the studio has the environment of this process
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: join(folder, 'hub') });
  t.after(() => {
    delete process.env.HF_ENDPOINT;
    delete process.env.HF_HUB_CACHE;
  });
  const studio = await startStudio(t);
  const page = await studio.open();
  await page.getByRole('navigation').getByRole('link', { name: 'Models' }).click();

  const shipped = page.locator('.model').filter({ has: page.getByRole('heading', { name: 'stories' }) });
  await shipped.waitFor({ timeout: 30 * seconds });
  await shipped.getByText("writes short children's stories").waitFor();
  // what is opened moves no other card, and has what the files are and come to
  const places = () =>
    page
      .locator('.model h2')
      .evaluateAll((heads) => heads.slice(0, 2).map((head) => head.getBoundingClientRect().x));
  const before = await places();
  await shipped.getByText('Details').click();
  assert.deepEqual(await places(), before);
  await shipped
    .getByText(/^weights 8\.4 MB \(F16\) \+ tokenizer, texts and other files .* MB = .* MB$/)
    .waitFor();
  const facts = (await shipped.locator('dl').allTextContents()).join(' ');
  for (const fact of ['4.2 million', '4 layers, width 256', '256 tokens', 'Apache-2.0', 'f32 16.9 MB'])
    assert.ok(facts.includes(fact), `${fact} in ${facts}`);
  await shipped.getByText('All that is known of it').click();
  await shipped.locator('dt', { hasText: 'maskToken' }).waitFor();
  const uses = await shipped.locator('.uses button').allTextContents();
  assert.deepEqual(uses, ['Write', 'Fill', 'Edit']);

  const pull = page.getByRole('form', { name: 'Download a model' });
  await pull.getByLabel('Its name on Hugging Face').fill('../x');
  await pull.getByRole('button', { name: 'Download' }).click();
  assert.match((await pull.getByRole('alert').textContent())!, /^model: must be org\/name/);
  // a name that is offered is put into the field, and no more
  await pull.getByRole('button', { name: /LLaDA-8B-Instruct.*16 GB/ }).click();
  assert.equal(await pull.getByLabel('Its name on Hugging Face').inputValue(), 'GSAI-ML/LLaDA-8B-Instruct');
  await pull.getByLabel('Its name on Hugging Face').fill('some-org/tiny');
  await pull.getByLabel('Its name on Hugging Face').press('Enter');
  const tasks = page.getByRole('region', { name: 'Tasks' });
  await tasks.getByText('Downloading some-org/tiny').waitFor();
  const pulled = page.locator('.model').filter({ has: page.getByRole('heading', { name: 'some-org/tiny' }) });
  await pulled.waitFor({ timeout: 30 * seconds });
  await pulled.getByText('from the hub').waitFor();

  await pulled.getByText('Details').click();
  await pulled.getByLabel('Format of the copy of some-org/tiny').selectOption('int4');
  await pulled.getByRole('button', { name: 'Quantise some-org/tiny' }).click();
  await tasks.getByText('Quantising some-org/tiny').waitFor();
  await tasks.getByText(/^int4: weights of .* kB on disk in place of/).waitFor({ timeout: 60 * seconds });
  await pulled.getByText('int4 (there is one)').waitFor({ state: 'attached', timeout: 60 * seconds });
  await tasks.getByText('Quantised some-org/tiny as int4').waitFor();
  await pulled.getByText(/ \+ int4 copy .* kB = .* kB$/).waitFor();
  // a copy is a model like others: it is opened where it is listed, and the pages offer it
  const copies = pulled.getByRole('list', { name: 'Copies of some-org/tiny' });
  await copies.getByText(/^ ?weights .* kB on disk, .* kB in memory$/).waitFor();
  await copies.getByRole('button', { name: 'Write with it: some-org/tiny:int4' }).click();
  await page.getByRole('heading', { level: 1, name: 'Write' }).waitFor();
  const picker = page.locator('.model-picker select').first();
  await until(async () => (await picker.inputValue()) === 'some-org/tiny:int4', 'the copy in the picker');
  assert.ok((await picker.locator('option').allTextContents()).includes('some-org/tiny:int4'));
  await page.getByRole('navigation').getByRole('link', { name: 'Models' }).click();
  // it goes alone, and with it what was said of it
  const place = (await pulled.locator('dd', { hasText: /unmask-int4$/ }).textContent())!;
  assert.ok(existsSync(place));
  await copies.getByRole('button', { name: /^Delete/ }).click();
  await copies.getByRole('button', { name: /^Delete/ }).click();
  await copies.waitFor({ state: 'detached' });
  await tasks.getByText('Quantised some-org/tiny as int4').waitFor({ state: 'detached' });
  assert.ok(!existsSync(place) && existsSync(join(folder, 'hub/models--some-org--tiny')));
  // what was done is said as done, and can be closed
  await tasks.getByText('Downloaded some-org/tiny').waitFor();
  await tasks.getByRole('button', { name: 'Close some-org/tiny' }).click();
  await tasks.waitFor({ state: 'detached' });
  // what a page has used can be deleted as before
  await pulled.getByRole('button', { name: /^Write with it/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Write' }).waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Models' }).click();
  await pulled.getByText('ready', { exact: true }).waitFor({ timeout: 30 * seconds });

  assert.deepEqual(await violations(page), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await violations(page), []);
  await fitsNarrow(page);

  // its files go when that was said twice
  await pulled.getByRole('button', { name: 'Delete some-org/tiny' }).click();
  await pulled.getByText('Its files go for good').waitFor();
  await pulled.getByRole('button', { name: 'Delete some-org/tiny' }).click();
  await pulled.waitFor({ state: 'detached' });
  assert.equal(existsSync(join(folder, 'hub/models--some-org--tiny')), false);
});
