import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { Connections } from './connections.ts';

/** A socket as far as connections know it. */
class FakeSocket extends EventEmitter {
  isDestroyed = false;
  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

test('the oldest connection that has sent no whole request gives way to a new one; none that is being answered does', () => {
  const connections = new Connections({ connections: 3, pipelined: 2 });
  const handle = connections.bounded(() => {});
  const connect = (): FakeSocket => {
    const socket = new FakeSocket();
    connections.admit(socket as unknown as Socket);
    return socket;
  };
  const ask = (socket: FakeSocket, complete: boolean): EventEmitter => {
    const response = new EventEmitter();
    handle({ socket, complete } as unknown as IncomingMessage, response as ServerResponse);
    return response;
  };
  const [asking, slow, idle] = [connect(), connect(), connect()];
  ask(asking, true);
  const answer = ask(slow, false);
  answer.emit('close'); // an answer before the body was there
  ask(slow, false);
  const fourth = connect();
  assert.deepEqual(
    [asking, slow, idle, fourth].map(({ isDestroyed }) => isDestroyed),
    [false, true, false, false],
  );
  const response = ask(fourth, true);
  ask(idle, true);
  assert.ok(connect().isDestroyed, 'all are being answered');
  response.emit('close');
  const last = connect();
  assert.ok(fourth.isDestroyed && !last.isDestroyed);
  // too many requests of one
  ask(last, true);
  ask(last, true);
  assert.ok(!last.isDestroyed);
  ask(last, true);
  assert.ok(last.isDestroyed);
});
