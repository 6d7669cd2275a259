import { eventsOf } from './core/events.ts';
import { askForToken, token } from './token.ts';

/** The server refused, with a sentence for people. */
export class ApiError extends Error {
  readonly status: number;
  /** The option that is wrong, if it is one. */
  readonly option: string | undefined;
  /** The token that was shown, if one was. */
  readonly token = token.value;

  constructor(status: number, message: string, option?: string) {
    super(message);
    this.status = status;
    this.option = option;
  }
}

/** Who answers requests. Default: the server that the page came from. */
let ask = (path: string, init: RequestInit): Promise<Response> => fetch(path, init);

/** Has something else answer: models that are in the page itself. */
export function answeredBy(other: typeof ask): void {
  ask = other;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf(path, { signal });
}

export function post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  return answerOf(path, posted(body, signal));
}

/** The events of an answer, as they come. Aborting ends the work at the server within a step. */
export async function* stream<T>(path: string, body: object, signal: AbortSignal): AsyncGenerator<T> {
  const response = await request(path, posted({ ...body, stream: true, diffusion: true }, signal));
  for await (const event of eventsOf(textOf(response))) {
    const { error } = event as { error?: { message: string; param?: string } };
    if (error) throw new ApiError(500, error.message, error.param ?? undefined);
    yield event as T;
  }
}

const posted = (body: object, signal?: AbortSignal): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
  signal,
});

async function answerOf<T>(path: string, init: RequestInit): Promise<T> {
  return (await (await request(path, init)).json()) as T;
}

/** Where a token is needed somebody is asked for it, and what was asked goes on. */
async function request(path: string, init: RequestInit): Promise<Response> {
  const shown = token.value;
  const headers = { ...init.headers, ...(shown && { Authorization: `Bearer ${shown}` }) };
  let response: Response;
  try {
    response = await ask(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'The server does not answer. Is it still running?');
  }
  if (response.ok) return response;
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { message?: string; param?: string };
  };
  const message = error?.message ?? response.statusText;
  const isRefused = response.status === 401;
  if (isRefused && (shown !== token.value || (await askForToken(message, init.method === 'POST')))) {
    init.signal?.throwIfAborted();
    return request(path, init);
  }
  throw new ApiError(response.status, message, error?.param ?? undefined);
}

async function* textOf({ body }: Response): AsyncGenerator<string> {
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Whether an error only says that the person stopped it. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';
