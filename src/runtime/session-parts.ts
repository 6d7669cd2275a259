import type { NdArray } from '../base/array.ts';
import type { OnnxModel } from '../graph/onnx.ts';
import { type Data, openSession, type Session, type SessionOptions } from './session.ts';

/**
 * One session of a graph that was cut in parts (`cut` of graph/cut.ts). Where there are several, each is prepared on a thread of its own,
 * all at the same time; they run one after the other.
 *
 * @param models  in their order
 * @throws UnsupportedError  when the device is not there or cannot run one of them
 */
export async function openParts(models: readonly OnnxModel[], options: SessionOptions): Promise<Session> {
  if (models.length === 1) return openSession(models[0], options);
  const opened = await Promise.allSettled(
    models.map((model) => openSession(model, { ...options, onThread: true })),
  );
  const parts = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.close()));
  };
  const failure = opened.find((result) => result.status === 'rejected');
  if (failure) {
    await close();
    throw failure.reason;
  }
  return {
    device: parts[0].device,
    async run(feeds, { into = {}, ...how } = {}) {
      const known: Record<string, NdArray<Data>> = {};
      for (const [i, part] of parts.entries()) {
        const wanted = models[i].outputs.filter(({ name }) => into[name]);
        const own = Object.fromEntries(wanted.map(({ name }) => [name, into[name]]));
        Object.assign(known, await part.run({ ...feeds, ...known }, { ...how, into: own }));
      }
      return known;
    },
    close,
  };
}
