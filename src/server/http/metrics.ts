import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Result } from '../worker/protocol.ts';

/** What is counted, named as vLLM names it behind the colon, where it has the same number. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'route' | 'status'>;
  readonly #finished: Counter<'model_name' | 'finished_reason'>;
  readonly #cancelled: Counter<'model_name'>;
  readonly #promptTokens: Counter<'model_name'>;
  readonly #generationTokens: Counter<'model_name'>;
  readonly #steps: Histogram<'model_name'>;
  readonly #forwards: Counter<'model_name'>;
  readonly #tokensPerForward: Histogram<'model_name'>;
  readonly #firstToken: Histogram<'model_name'>;
  readonly #duration: Histogram<'model_name'>;
  readonly #queued: Histogram;

  /** @param queue  what runs and waits at the moment of asking */
  constructor(queue: { readonly running: number; readonly waiting: number }) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];
    const perModel = ['model_name'] as const;
    const gauge = (name: string, help: string, read: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge('unmask:num_requests_running', 'Requests that are being written.', () => queue.running);
    gauge('unmask:num_requests_waiting', 'Requests that wait for their turn.', () => queue.waiting);
    this.#requests = new Counter({
      name: 'unmask:http_requests_total',
      help: 'Answers by route and status.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#finished = new Counter({
      name: 'unmask:request_success_total',
      help: 'Texts that were finished.',
      labelNames: ['model_name', 'finished_reason'],
      registers,
    });
    this.#cancelled = new Counter({
      name: 'unmask:requests_cancelled_total',
      help: 'Texts that nobody waited for any more.',
      labelNames: perModel,
      registers,
    });
    this.#promptTokens = new Counter({
      name: 'unmask:prompt_tokens_total',
      help: 'Tokens that were given.',
      labelNames: perModel,
      registers,
    });
    this.#generationTokens = new Counter({
      name: 'unmask:generation_tokens_total',
      help: 'Tokens that were written.',
      labelNames: perModel,
      registers,
    });
    this.#steps = new Histogram({
      name: 'unmask:denoising_steps',
      help: 'Reverse steps of a text.',
      labelNames: perModel,
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
      registers,
    });
    this.#forwards = new Counter({
      name: 'unmask:forwards_total',
      help: 'Times that a sequence was in a forward of the network.',
      labelNames: perModel,
      registers,
    });
    this.#tokensPerForward = new Histogram({
      name: 'unmask:tokens_per_forward',
      help: 'Tokens of a text by its forwards.',
      labelNames: perModel,
      buckets: [0.5, 1, 1.5, 2, 3, 4, 6, 8, 16, 32],
      registers,
    });
    this.#firstToken = new Histogram({
      name: 'unmask:time_to_first_token_seconds',
      help: 'From the first forward to the first token.',
      labelNames: perModel,
      buckets: seconds,
      registers,
    });
    this.#duration = new Histogram({
      name: 'unmask:e2e_request_latency_seconds',
      help: 'From the first forward to the last token.',
      labelNames: perModel,
      buckets: seconds,
      registers,
    });
    this.#queued = new Histogram({
      name: 'unmask:request_queue_time_seconds',
      help: 'Time that a request waited for its turn.',
      buckets: seconds,
      registers,
    });
  }

  answered(route: string, status: number): void {
    this.#requests.inc({ route, status: String(status) });
  }

  waited(ms: number): void {
    this.#queued.observe(ms / 1000);
  }

  cancelled(model: string): void {
    this.#cancelled.inc({ model_name: model });
  }

  finished(model: string, result: Result): void {
    const labels = { model_name: model };
    this.#finished.inc({ ...labels, finished_reason: result.finish });
    this.#promptTokens.inc(labels, result.promptTokens);
    this.#generationTokens.inc(labels, result.completionTokens);
    this.#forwards.inc(labels, result.forwards);
    this.#steps.observe(labels, result.steps);
    this.#tokensPerForward.observe(labels, perForward(result));
    this.#firstToken.observe(labels, result.firstTokenMs / 1000);
    this.#duration.observe(labels, result.ms / 1000);
  }
}

/** Tokens by forwards; 0 where nothing had to be predicted. */
export const perForward = ({ completionTokens, forwards }: Result): number =>
  forwards === 0 ? 0 : completionTokens / forwards;
