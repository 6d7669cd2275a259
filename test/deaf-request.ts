import { connect, type Socket } from 'node:net';

/** Asks a server on this machine for a text, and reads nothing of it. */
export function deafRequest(port: number, body: object): Socket {
  const text = JSON.stringify(body);
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => {});
  socket.write(
    `POST /v1/completions HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  return socket;
}
