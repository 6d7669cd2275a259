import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/**
 * The connections of a server. Where there are as many as may be, the oldest that has sent no whole request gives way to the
 * next: whoever only holds connections keeps no other out.
 */
export class Connections {
  readonly #limits: Pick<Limits, 'connections' | 'pipelined'>;
  /** The requests of each that are not answered, in the order in which the connections came. */
  readonly #open = new Map<Socket, Set<IncomingMessage>>();

  constructor(limits: Pick<Limits, 'connections' | 'pipelined'>) {
    this.#limits = limits;
  }

  /** Takes a connection, or hangs up on it where all others are being answered. */
  admit(socket: Socket): void {
    if (this.#open.size >= this.#limits.connections) {
      const idle = [...this.#open].find(([, requests]) => ![...requests].some(({ complete }) => complete));
      this.#end(idle?.[0] ?? socket);
      if (!idle) return;
    }
    this.#open.set(socket, new Set());
    socket.once('close', () => this.#open.delete(socket));
  }

  /** Hangs up where more requests of one connection wait for their answers: all that come in one piece would be begun at once. */
  bounded(listener: RequestListener): RequestListener {
    return (request, response) => {
      const requests = this.#open.get(request.socket);
      if (!requests || requests.size >= this.#limits.pipelined) return void request.socket.destroy();
      requests.add(request);
      response.once('close', () => requests.delete(request));
      return void listener(request, response);
    };
  }

  #end(socket: Socket): void {
    this.#open.delete(socket);
    socket.destroy();
  }
}
