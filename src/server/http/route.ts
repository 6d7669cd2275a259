import type { z } from 'zod';
import type { Answer, ApiRequest } from '../apis/answer.ts';
import { type Envelope, openaiEnvelope } from './http-error.ts';
import type { Service } from './service.ts';

interface Common {
  readonly path: string;
  readonly summary: string;
  /**
   * Who may ask: those with a key, where keys are set; anyone whose Host and Origin are right; or those with the token of
   * the studio, where there is one.
   */
  readonly access: 'key' | 'anyone' | 'studio';
  readonly envelope: Envelope;
  /** Other paths at which the same is found. */
  readonly aliases?: readonly string[];
}

/** Tells something. */
export interface TellingRoute extends Common {
  readonly method: 'GET';
  /** Whether a person may come here by a link on another site's page. */
  readonly isPage?: boolean;
  /** What may stand behind the `?`, where something is read there. */
  readonly query?: z.ZodObject;
  readonly tell: (service: Service, parameter: string, query: never) => Response | Promise<Response>;
}

/** Tells something about what the body names. */
export interface AskingRoute extends Common {
  readonly method: 'POST' | 'DELETE';
  readonly body: z.ZodObject;
  /** What isn't known is refused, and not skipped: of our own paths. */
  readonly isStrict: boolean;
  readonly ask: (service: Service, body: never) => Response | Promise<Response>;
}

/** Has a text written: it waits for its turn. */
export interface WritingRoute extends Common {
  readonly method: 'POST';
  readonly body: z.ZodObject;
  /** What isn't known is refused, and not skipped: of our own paths. */
  readonly isStrict: boolean;
  readonly answer: (body: never, asked: ApiRequest) => Answer;
}

/** A path of the server, and what answers it. */
export type Route = TellingRoute | AskingRoute | WritingRoute;

/** A route that has a text written: POST. */
export const writing = <Schema extends z.ZodObject>(
  path: string,
  summary: string,
  body: Schema,
  answer: (body: z.output<Schema>, asked: ApiRequest) => Answer,
  more: Partial<Common> = {},
): WritingRoute => ({ method: 'POST', ...usual(path, summary), ...checkedBy(path, body), answer, ...more });

/** What a route has unless it says otherwise. */
const usual = (path: string, summary: string): Common => ({
  path,
  summary,
  access: 'key',
  envelope: openaiEnvelope,
});

/** Paths that no other server has are strict: their fields are known to whoever asks there. */
const checkedBy = (path: string, body: z.ZodObject) => ({ body, isStrict: path.startsWith('/unmask/') });

/** A route that tells what is there: GET. */
export const telling = (
  path: string,
  summary: string,
  tell: TellingRoute['tell'],
  more: Partial<TellingRoute> = {},
): TellingRoute => ({ method: 'GET', ...usual(path, summary), tell, ...more });

/** A route that does something at once: POST, or DELETE. */
export const asking = <Schema extends z.ZodObject>(
  path: string,
  summary: string,
  body: Schema,
  ask: (service: Service, body: z.output<Schema>) => Response | Promise<Response>,
  more: Partial<Common> & Partial<Pick<AskingRoute, 'method'>> = {},
): AskingRoute => ({ method: 'POST', ...usual(path, summary), ...checkedBy(path, body), ask, ...more });
