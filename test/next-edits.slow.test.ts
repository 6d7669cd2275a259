import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../src/language-model/load.ts';
import { shippedModels } from '../src/model-files/locate.ts';
import { asker, eventsIn, type Json, startFakeServer } from './fake-server.ts';
import { type EditedFile, nextEditClients } from './next-edits.ts';

const lines = [
  'interface Point {',
  '  readonly x: number;',
  '  readonly y: number;',
  '}',
  '',
  '/** `sum` of all. */',
  'export function sum(values: readonly number[]): number {',
  '  let total = 0;',
  '  for (const value of ) {',
  '    total += value;',
  '  }',
  '  return total;',
  '}',
];
const row = lines.indexOf('  for (const value of ) {');
const cursor = { path: 'src/sum.ts', lines, row, column: lines[row].indexOf(')'), history: '-x\n+y' };

/** The regions that editors take: about the cursor, all of a short file, and one that begins or ends with an empty line. */
const files: readonly EditedFile[] = [
  { ...cursor, from: row, to: row + 3 },
  { ...cursor, from: 0, to: lines.length },
  { ...cursor, from: 4, to: lines.length },
  { ...cursor, row: 4, column: 0, from: 3, to: 5 },
];

for (const [name, { message, read }] of Object.entries(nextEditClients)) {
  test(`next edits as ${name} asks for them, of the model for TypeScript: the lines stay, and what is missing at the cursor is written`, async (t) => {
    const model = await load(shippedModels.typescript);
    const ask = asker(await startFakeServer(t, { 'mercury-edit-2': () => model }));
    for (const file of files) {
      const content = message(file);
      const messages = [{ role: 'user', content }];
      const body = { model: 'mercury-edit-2', messages, stream: false, seed: 1 };
      const answer = (await (await ask('/v1/edit/completions', { body })).json()) as Json;
      const { content: whole } = answer.choices[0].message;
      const edited = read(whole);
      const region = file.lines.slice(file.from, file.to).join('\n');
      const at =
        file.lines.slice(file.from, file.row).reduce((sum, line) => sum + line.length + 1, 0) + file.column;
      assert.ok(edited.startsWith(region.slice(0, at)), whole);
      assert.ok(edited.endsWith(region.slice(at)), whole);
      // an empty line between two declarations may stay empty
      assert.ok(edited.length > region.length || file.row !== row, whole);
      t.diagnostic(JSON.stringify(edited.slice(at, edited.length - (region.length - at))));

      const streamed = await ask('/v1/edit/completions', { body: { ...body, stream: true } });
      const events = eventsIn(await streamed.text());
      assert.equal(
        events.map((event) => event.choices?.[0]?.delta.content ?? '').join(''),
        whole,
        'a stream has the same',
      );
    }
  });
}
