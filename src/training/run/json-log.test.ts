import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { JsonLog, readLogRows } from './json-log.ts';

const scratch = mkdtempSync(join(tmpdir(), 'unmask-log-'));
after(() => rmSync(scratch, { recursive: true }));
let files = 0;
const place = (): string => join(scratch, `log-${files++}`);

test('rows come back as they were written, and a log that is opened again goes on', () => {
  const path = place();
  const log = new JsonLog(path);
  log.write({ step: 1, loss: 2.5 });
  log.close();
  const again = new JsonLog(path);
  again.write({ step: 2, loss: NaN });
  again.close();
  assert.deepEqual(readLogRows(path), [
    { step: 1, loss: 2.5 },
    { step: 2, loss: 'NaN' },
  ]);
});

test('a log is cut back to where a checkpoint saw it', () => {
  const path = place();
  const log = new JsonLog(path);
  log.write({ step: 1 });
  const { bytes } = log;
  log.write({ step: 2 });
  log.close();
  const again = new JsonLog(path, bytes);
  again.write({ step: 20 });
  again.close();
  assert.deepEqual(readLogRows(path), [{ step: 1 }, { step: 20 }]);
});

test('a line that was being written when the program died is cut off', () => {
  const path = place();
  writeFileSync(path, `{"step":1}\n{"text":"${'x'.repeat(9000)}`);
  const log = new JsonLog(path);
  log.write({ step: 2 });
  log.close();
  assert.equal(readFileSync(path, 'utf8'), '{"step":1}\n{"step":2}\n');
});

test('a log shorter than its checkpoint says keeps what it has', () => {
  const path = place();
  writeFileSync(path, '{"step":1}\n');
  const log = new JsonLog(path, 500);
  log.write({ step: 2 });
  assert.equal(log.bytes, 22);
  log.close();
  assert.deepEqual(readLogRows(path), [{ step: 1 }, { step: 2 }]);
});

test('a row that cannot be written is counted, and no part of it stays', () => {
  // macOS has no such device
  if (existsSync('/dev/full')) {
    const full = new JsonLog('/dev/full');
    full.write({ step: 1 });
    assert.equal(full.lost, 1);
    assert.equal(full.bytes, 0);
    full.close();
  }
  const nowhere = new JsonLog(join(scratch, 'no', 'such', 'directory'));
  nowhere.write({ step: 1 });
  nowhere.sync();
  nowhere.close();
  assert.equal(nowhere.lost, 1);
});

test('damaged lines are left out when rows are read', () => {
  const path = place();
  writeFileSync(path, '{"a":1}\nnot json\n7\n');
  appendFileSync(path, '{"b":2}\n');
  assert.deepEqual(readLogRows(path), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(readLogRows(place()), []);
});

test('rows are read in pieces, and a line that is too long is none', () => {
  const path = place();
  const rows = Array.from({ length: 8000 }, (_, step) => ({ step, text: 'é'.repeat(step % 120) }));
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  writeFileSync(path, [...lines, `{"text":"${'x'.repeat(3 << 20)}"}\n`, '{"step":1}'].join(''));
  assert.deepEqual(readLogRows(path), [...rows, { step: 1 }]);
});
