import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { perForward, type Result } from '../worker/protocol.ts';

const seconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** What is counted, named as vLLM names it behind the colon, where it has the same number. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'unmask:http_requests_total',
    help: 'Answers by route and status.',
    labelNames: ['route', 'status'],
    registers: [this.registry],
  });
  readonly #finished = new Counter({
    name: 'unmask:request_success_total',
    help: 'Texts that were finished.',
    labelNames: ['model_name', 'finished_reason'],
    registers: [this.registry],
  });
  readonly #cancelled = this.#counter('requests_cancelled_total', 'Texts that nobody waited for any more.');
  readonly #promptTokens = this.#counter('prompt_tokens_total', 'Tokens that were given.');
  readonly #generationTokens = this.#counter('generation_tokens_total', 'Tokens that were written.');
  readonly #forwards = this.#counter(
    'forwards_total',
    'Times that a sequence was in a forward of the network.',
  );
  readonly #steps = this.#histogram(
    'denoising_steps',
    'Reverse steps of a text.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  );
  readonly #tokensPerForward = this.#histogram(
    'tokens_per_forward',
    'Tokens of a text by its forwards.',
    [0.5, 1, 1.5, 2, 3, 4, 6, 8, 16, 32],
  );
  readonly #firstToken = this.#histogram(
    'time_to_first_token_seconds',
    'From the first forward to the first token.',
    seconds,
  );
  readonly #duration = this.#histogram(
    'e2e_request_latency_seconds',
    'From the first forward to the last token.',
    seconds,
  );
  readonly #queued = new Histogram({
    name: 'unmask:request_queue_time_seconds',
    help: 'Time that a request waited for its turn.',
    buckets: seconds,
    registers: [this.registry],
  });

  /** @param queue  what runs and waits at the moment of asking */
  constructor(queue: { readonly running: number; readonly waiting: number }) {
    collectDefaultMetrics({ register: this.registry });
    this.#gauge('num_requests_running', 'Requests that are being written.', () => queue.running);
    this.#gauge('num_requests_waiting', 'Requests that wait for their turn.', () => queue.waiting);
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

  #counter(name: string, help: string): Counter<'model_name'> {
    return new Counter({
      name: `unmask:${name}`,
      help,
      labelNames: ['model_name'],
      registers: [this.registry],
    });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram<'model_name'> {
    return new Histogram({
      name: `unmask:${name}`,
      help,
      labelNames: ['model_name'],
      buckets,
      registers: [this.registry],
    });
  }

  #gauge(name: string, help: string, read: () => number): Gauge {
    return new Gauge({
      name: `unmask:${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
