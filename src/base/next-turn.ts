/** Lets what else waits have its turn: messages, timers, requests. A page has no `setImmediate`, and its timers wait longer. */
export const nextTurn: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resume) => setImmediate(resume))
    : () =>
        new Promise((resume) => {
          const channel = new MessageChannel();
          const port: Pick<EventTarget, 'addEventListener'> = channel.port1 as never;
          port.addEventListener('message', () => {
            channel.port1.close();
            resume();
          });
          channel.port1.start();
          channel.port2.postMessage(undefined);
        });
