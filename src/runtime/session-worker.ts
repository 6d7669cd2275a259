// The thread of a session, see session-thread.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { openEngine } from './engine-node.ts';
import { type FromSession, handedOver, type ThreadBegin, type ToSession } from './thread-messages.ts';

const port = parentPort!;
const post = (message: FromSession, memory: ArrayBuffer[] = []): void => port.postMessage(message, memory);
const failed = (error: unknown): void =>
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });

const { bytes, options } = workerData as ThreadBegin;
const { ort } = await openEngine('cpu');
try {
  const session = await ort.InferenceSession.create(bytes, options);
  post({ kind: 'done', results: {}, memory: [] });
  const answer = async (message: ToSession): Promise<void> => {
    if (message.kind === 'close') {
      await session.release();
      post({ kind: 'done', results: {}, memory: [] });
      port.close();
      return;
    }
    const feeds = Object.entries(message.feeds).map(([name, { type, data, dims }]) => [
      name,
      new ort.Tensor(type as 'float32', data as Float32Array, dims),
    ]);
    const { sent, memory } = handedOver(await session.run(Object.fromEntries(feeds), [...message.outputs]));
    const fed = Object.values(message.feeds).map(({ data }) => (data as Float32Array).buffer as ArrayBuffer);
    post({ kind: 'done', results: sent, memory: fed }, [...memory, ...fed]);
  };
  let last = Promise.resolve();
  port.on('message', (message: ToSession) => {
    last = last.then(() => answer(message)).catch(failed);
  });
} catch (error) {
  failed(error);
  port.close();
}
