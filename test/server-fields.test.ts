import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverDocument } from './server-fields.ts';

/** Without what formatting changes: blanks and the dashes of tables. */
const plain = (text: string): string => text.replace(/\s+/g, '').replace(/\|-+(?=\|)/g, '|-');

test('the fields in docs/server.md are those of the schemas: npm run docs:server writes them', () => {
  const { found, wanted } = serverDocument();
  assert.equal(plain(found), plain(wanted));
});
