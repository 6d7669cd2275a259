import type { Answer } from '../apis/answer.ts';
import type { JobEvent, RunningJob } from '../worker/engine.ts';
import { type Envelope, failed, type HttpError, toHttpError } from './http-error.ts';
import type { Result } from '../worker/protocol.ts';
import type { ReplyService } from './service.ts';

/** How a reply is carried out. */
export interface ReplyContext {
  readonly envelope: Envelope;
  /** Aborted when the client has gone away, or the server must end. */
  readonly signal: AbortSignal;
  /** Gives the turn back. */
  readonly release: () => void;
  /** Whether the turn is still held, and others wait for one. */
  readonly isWanted: () => boolean;
  /** Ends the connection: a client that doesn't read isn't told in any other way. */
  readonly hangUp: () => void;
  /** Is told what became of the reply, once. */
  readonly finished: (outcome: { readonly results: readonly Result[]; readonly error?: HttpError }) => void;
}

/**
 * Writes what an answer asks for and says it: at once, or as it comes.
 *
 * @throws HttpError  while no byte has been sent
 */
export async function reply(service: ReplyService, answer: Answer, how: ReplyContext): Promise<Response> {
  const running = startChoices(service, answer, how);
  const events = interleaved(running.map(({ events: mine }) => mine));
  try {
    if (!answer.stream) {
      const results = await allOf(events);
      how.finished({ results });
      return Response.json(remarked(answer, answer.whole(results)));
    }
    // the first event tells whether there is anything to be streamed
    const first = await events.next();
    if (!first.done && first.value.event.type === 'failed') throw failed(first.value.event.failure);
    return streamed(service, answer, how, running, afterFirst(first, events));
  } catch (error) {
    for (const job of running) job.cancel();
    throw error;
  }
}

/** Starts the jobs of all choices, and gives the turn back when the last of them is over. */
function startChoices(
  { engine, metrics, limits, stop }: ReplyService,
  answer: Answer,
  how: ReplyContext,
): RunningJob[] {
  const { jobs } = answer;
  const [first] = jobs;
  if (!first) {
    how.release();
    return [];
  }
  const running = jobs.map((one) => engine.start(one));
  let isOver = false;
  const cancel = (): void => {
    if (!isOver) metrics.cancelled(first.model);
    for (const one of running) one.cancel();
  };
  const timer = setTimeout(cancel, limits.generationMs);
  for (const signal of [how.signal, stop]) {
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
  }
  void Promise.all(running.map(({ over }) => over)).then(() => {
    isOver = true;
    clearTimeout(timer);
    for (const signal of [how.signal, stop]) signal.removeEventListener('abort', cancel);
    how.release();
  });
  return running;
}

/** With what an answer says of itself. */
const remarked = ({ remarks, isBare = false }: Answer, value: object): object =>
  remarks && !isBare && !Array.isArray(value)
    ? { ...value, unmask: { ...('unmask' in value && (value.unmask as object)), ...remarks } }
    : value;

interface ChoiceEvent {
  readonly choice: number;
  readonly event: JobEvent;
}

/** The events of several jobs as they come. */
async function* interleaved(
  sources: readonly AsyncIterable<JobEvent>[],
): AsyncGenerator<ChoiceEvent, void, void> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = async (choice: number) => ({ choice, event: await iterators[choice].next() });
  const pending = new Map(iterators.map((_, choice) => [choice, next(choice)]));
  while (pending.size > 0) {
    const { choice, event } = await Promise.race(pending.values());
    if (event.done) pending.delete(choice);
    else {
      yield { choice, event: event.value };
      pending.set(choice, next(choice));
    }
  }
}

async function* afterFirst(
  first: IteratorResult<ChoiceEvent, void>,
  rest: AsyncGenerator<ChoiceEvent, void, void>,
): AsyncGenerator<ChoiceEvent, void, void> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function allOf(events: AsyncIterable<ChoiceEvent>): Promise<Result[]> {
  const results: Result[] = [];
  for await (const { choice, event } of events) {
    if (event.type === 'failed') throw failed(event.failure);
    if (event.type === 'done') results[choice] = event.result;
  }
  return results;
}

/** The objects of a stream; its results are kept in `results`. */
async function* objectsOf(
  answer: Answer,
  events: AsyncIterable<ChoiceEvent>,
  results: Result[],
): AsyncGenerator<object, void, void> {
  for (let choice = 0; choice < answer.choices; choice++) yield* answer.opening?.(choice) ?? [];
  for await (const { choice, event } of events) {
    if (event.type === 'failed') throw failed(event.failure);
    if (event.type === 'done') results[choice] = event.result;
    yield* answer.progress?.(choice, event.progress) ?? [];
    if (event.type === 'done') yield* answer.ended?.(choice, event.result) ?? [];
  }
  yield* answer.closing?.(results) ?? [];
}

async function* remarkedFirst(
  answer: Answer,
  objects: AsyncGenerator<object, void, void>,
): AsyncGenerator<object, void, void> {
  const first = await objects.next();
  if (first.done) return;
  yield remarked(answer, first.value);
  yield* objects;
}

/**
 * A body that is made as it is read: nothing is kept for a client that doesn't. One that leaves it unread for too long is
 * hung up on, and sooner where others wait for its turn. After an error there is no terminator, so that what was cut short
 * can't be taken for whole.
 */
function streamed(
  service: ReplyService,
  answer: Answer,
  how: ReplyContext,
  running: readonly RunningJob[],
  events: AsyncIterable<ChoiceEvent>,
): Response {
  const source = new ReplySource(service, answer, how, running, events);
  return new Response(new ReadableStream<Uint8Array>(source, { highWaterMark: 0 }), {
    headers: {
      'Content-Type': answer.stream === 'lines' ? 'application/x-ndjson' : 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      'X-Accel-Buffering': 'no',
    },
  });
}

const encoder = new TextEncoder();
/** So long an object may wait because the server has other work; beyond that it is the client that waits. */
const busyMs = 100;
const heartbeat = Symbol('heartbeat');

/** Where the bytes of a stream come from. */
class ReplySource {
  readonly #service: ReplyService;
  readonly #answer: Answer;
  readonly #how: ReplyContext;
  readonly #running: readonly RunningJob[];
  readonly #objects: AsyncGenerator<object, void, void>;
  readonly #results: Result[] = [];
  #next: Promise<IteratorResult<object, void>> | undefined;
  #stall: NodeJS.Timeout | undefined;
  /** When the last object was given to be sent, and how long those before it waited to be read. */
  #sentMs: number | undefined;
  #unreadMs = 0;
  #isOver = false;

  constructor(
    service: ReplyService,
    answer: Answer,
    how: ReplyContext,
    running: readonly RunningJob[],
    events: AsyncIterable<ChoiceEvent>,
  ) {
    this.#service = service;
    this.#answer = answer;
    this.#how = how;
    this.#running = running;
    this.#objects = remarkedFirst(answer, objectsOf(answer, events, this.#results));
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(this.#stall);
    if (this.#waitedMs > busyMs) this.#unreadMs += this.#waitedMs;
    this.#sentMs = undefined;
    try {
      if (this.#isTooSlow()) return this.#hangUp();
      const taken = await this.#take();
      if (taken === heartbeat) controller.enqueue(encoder.encode(': writing\n\n'));
      else if (!taken.done) controller.enqueue(this.#encode(taken.value));
      else {
        const { terminator } = this.#answer;
        if (terminator) controller.enqueue(encoder.encode(`data: ${terminator}\n\n`));
        controller.close();
        this.#end();
        return;
      }
      this.#sentMs = this.#service.clock();
      this.#look();
    } catch (problem) {
      const error = toHttpError(problem);
      controller.enqueue(this.#encode(this.#how.envelope(error)));
      controller.close();
      this.#end(error);
    }
  }

  cancel(): void {
    this.#end(failed({ kind: 'cancelled', message: 'the client went away' }));
  }

  /** The next object, or that there is none yet. */
  async #take(): Promise<IteratorResult<object, void> | typeof heartbeat> {
    this.#next ??= this.#objects.next();
    const ms = this.#answer.stream === 'lines' ? undefined : this.#service.limits.heartbeatMs;
    const taken = await within(this.#next, ms, heartbeat);
    if (taken !== heartbeat) this.#next = undefined;
    return taken as IteratorResult<object, void> | typeof heartbeat;
  }

  #encode(value: object): Uint8Array {
    const json = JSON.stringify(value);
    if (this.#answer.stream === 'lines') return encoder.encode(`${json}\n`);
    const isNamed = this.#answer.stream === 'named events' && 'type' in value;
    return encoder.encode(`${isNamed ? `event: ${String(value.type)}\n` : ''}data: ${json}\n\n`);
  }

  /** How long the last object has waited to be read. */
  get #waitedMs(): number {
    return this.#sentMs === undefined ? 0 : this.#service.clock() - this.#sentMs;
  }

  #isTooSlow(): boolean {
    const { stallMs, busyStallMs } = this.#service.limits;
    const waitedMs = this.#waitedMs;
    return waitedMs >= stallMs || (this.#unreadMs + waitedMs >= busyStallMs && this.#how.isWanted());
  }

  /** Looks now and then whether a client that doesn't read has had its time. */
  #look(): void {
    const { stallMs, busyStallMs } = this.#service.limits;
    this.#stall = setTimeout(
      () => (this.#isTooSlow() ? this.#hangUp() : this.#look()),
      Math.min(busyStallMs / 4, Math.max(1, stallMs - this.#waitedMs)),
    );
  }

  #hangUp(): void {
    this.#service.log('warn', 'stalled');
    this.#end(failed({ kind: 'cancelled', message: 'the client did not read' }));
    this.#how.hangUp();
  }

  /** Once, whatever ends it first: a client that is hung up on goes away, too. */
  #end(error?: HttpError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#stall);
    for (const job of this.#running) job.cancel();
    this.#how.finished({ results: this.#results, error });
  }
}

async function within<T, Late>(promise: Promise<T>, ms: number | undefined, late: Late): Promise<T | Late> {
  if (ms === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Late>((resolve) => (timer = setTimeout(() => resolve(late), ms)));
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
