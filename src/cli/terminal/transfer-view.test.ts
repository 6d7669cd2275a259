import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTerminal } from '../../../test/fake-terminal.ts';
import { TransferView } from './transfer-view.ts';

test('a terminal has one line with share, bytes, rate and time left', () => {
  const terminal = new FakeTerminal(80, 5);
  let now = 0;
  const view = new TransferView(terminal, () => now);
  view.show({ doneBytes: 4e9, totalBytes: 16e9, receivedBytes: 0 });
  assert.deepEqual(terminal.lines, ['25 %  4.0 GB of 16.0 GB']);
  now = 2000;
  view.show({ doneBytes: 4.2e9, totalBytes: 16e9, receivedBytes: 0.2e9 });
  assert.deepEqual(terminal.lines, ['26 %  4.2 GB of 16.0 GB  100.0 MB/s  2 min left']);
  view.show({ doneBytes: 5e9, totalBytes: 16e9, receivedBytes: 1e9 });
  assert.deepEqual(terminal.lines, ['26 %  4.2 GB of 16.0 GB  100.0 MB/s  2 min left'], 'not at every piece');
  view.note('a note');
  now = 100_000;
  view.show({ doneBytes: 16e9, totalBytes: 16e9, receivedBytes: 12e9 });
  view.end();
  assert.deepEqual(terminal.lines.slice(1, 2), ['a note']);
  assert.match(terminal.lines[2], /^100 % {2}16\.0 GB of 16\.0 GB {2}[\d.]+ MB\/s$/);
});

test('elsewhere there are plain lines now and then', () => {
  let written = '';
  let now = 0;
  const view = new TransferView({ write: (text) => (written += text) }, () => now);
  for (let done = 0; done <= 100; done++, now += 1000)
    view.show({ doneBytes: done * 1e6, totalBytes: 100e6, receivedBytes: done * 1e6 });
  view.end();
  const lines = written.split('\n').slice(0, -1);
  assert.equal(lines.length, 11);
  assert.equal(lines[5], '50 %  50.0 MB of 100.0 MB  1.0 MB/s  50 s left');
  assert.ok(!written.includes('\x1b'));
});

test('nothing is shown of a model that is all there', () => {
  const view = new TransferView({ write: () => assert.fail() }, () => 0);
  view.show({ doneBytes: 5, totalBytes: 5, receivedBytes: 0 });
  view.end();
});
