import { FileError, InvalidOptionError, UnsupportedError } from '../../base/errors.ts';
import type { Failure } from '../worker/protocol.ts';

/** 499 is nginx's, for the log and the metrics: the client that went away is told nothing. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 431 | 499 | 500 | 503;

/** An answer that is an error. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: ErrorStatus;
  /** The field of the request that is wrong. */
  readonly param: string | undefined;
  readonly code: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: ErrorStatus,
    message: string,
    more: { param?: string; code?: string; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.status = status;
    this.param = more.param;
    this.code = more.code;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

const types: Readonly<Record<ErrorStatus, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
  431: 'invalid_request_error',
  499: 'client_closed_request',
  500: 'server_error',
  503: 'unavailable_error',
};

/** How an API writes its errors down. */
export type Envelope = (error: HttpError) => object;

/** OpenAI's, with llama.cpp's number as the code where there is no name: its clients read it so. */
export const openaiEnvelope: Envelope = ({ status, message, param, code }) => ({
  error: { message, type: types[status], param: param ?? null, code: code ?? null },
});

/** An error as llama.cpp's server sends it. */
export const llamaEnvelope: Envelope = ({ status, message }) => ({
  error: { code: status, message, type: types[status] },
});

/** Anthropic's; within a stream its type is the name of the event. */
export const anthropicEnvelope: Envelope = ({ status, message }) => ({
  type: 'error',
  error: { type: anthropicTypes[status] ?? types[status], message },
});

const anthropicTypes: Partial<Readonly<Record<ErrorStatus, string>>> = {
  413: 'request_too_large',
  500: 'api_error',
  503: 'overloaded_error',
};

/** An error as Ollama sends it. */
export const ollamaEnvelope: Envelope = ({ message }) => ({ error: message });

/** The same of an error that is told without the way to files. */
export const hiding =
  (envelope: Envelope, hide: (message: string) => string): Envelope =>
  ({ status, message, param, code, retryAfterSeconds }) =>
    envelope(new HttpError(status, hide(message), { param, code, retryAfterSeconds }));

/** What becomes of a request whose client has gone, whatever stopped it. */
export const clientGone = (): HttpError => new HttpError(499, 'the client went away', { code: 'cancelled' });

/** What a person can do something about says so; everything else is ours, and is told to the log alone. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof InvalidOptionError)
    return new HttpError(400, error.message, { param: error.option, cause: error });
  if (error instanceof UnsupportedError || error instanceof FileError)
    return new HttpError(400, error.message, { cause: error });
  return new HttpError(500, 'the server made a mistake; its log says which', { cause: error });
}

/** The error of a job that has no result. */
export function failed({ kind, message, option }: Failure): HttpError {
  switch (kind) {
    case 'request':
      return new HttpError(400, message, {
        param: option,
        ...(/longest sequence/.test(message) && { code: 'context_length_exceeded' }),
      });
    case 'model':
    case 'device-lost':
      return new HttpError(503, message, { code: 'model_unavailable', retryAfterSeconds: 10 });
    case 'cancelled':
      return new HttpError(503, message, { code: 'cancelled', retryAfterSeconds: 1 });
    case 'internal':
      return new HttpError(503, 'the model stopped with an error; the log says which', {
        retryAfterSeconds: 5,
        cause: message,
      });
    case 'blocking':
      return new HttpError(503, message, { code: 'blocking', cause: message });
    case 'restarting':
      return new HttpError(503, message, { code: 'restarting', retryAfterSeconds: 5 });
    default:
      return kind satisfies never;
  }
}
