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

/** A timer that keeps no program alive, where timers do that: not in a page. */
export const quietTimer = (work: () => void, ms: number): ReturnType<typeof setTimeout> =>
  quiet(setTimeout(work, ms));

/** The same of one that was started. */
export function quiet(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  if (typeof timer === 'object') timer.unref();
  return timer;
}
