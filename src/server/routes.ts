import type { z } from 'zod';
import type { Answer, Asked } from './apis/answer.ts';
import { chat, chatSchema } from './apis/chat.ts';
import { completion, completionSchema, fim, fimSchema } from './apis/completions.ts';
import { type Envelope, llamaEnvelope, ollamaEnvelope, openaiEnvelope } from './http-error.ts';
import {
  health,
  metrics,
  model,
  models,
  ollamaRunning,
  ollamaShow,
  ollamaTags,
  ollamaVersion,
  showSchema,
} from './apis/information.ts';
import {
  doubts,
  doubtsSchema,
  editing,
  editingBodySchema,
  infilling,
  infillingSchema,
} from './apis/filling.ts';
import { infill, infillSchema } from './apis/llama.ts';
import { apply, edit, editSchema } from './apis/mercury.ts';
import { generate, generateSchema, ollamaChat, ollamaChatSchema } from './apis/ollama.ts';
import { openapi } from './openapi.ts';
import { page } from './pages.ts';
import type { Service } from './service.ts';

interface Common {
  readonly path: string;
  readonly summary: string;
  /** Who may ask: those with a key, where keys are set; or anyone whose Host and Origin are right. */
  readonly access: 'key' | 'anyone';
  readonly envelope: Envelope;
}

/** Tells something. */
export interface TellingRoute extends Common {
  readonly method: 'GET';
  /** Whether a person may come here by a link on another site's page. */
  readonly isPage?: boolean;
  readonly tell: (service: Service, parameter: string) => Response | Promise<Response>;
}

/** Tells something about what the body names. */
export interface AskingRoute extends Common {
  readonly method: 'POST';
  readonly body: z.ZodObject;
  readonly ask: (service: Service, body: never) => Response | Promise<Response>;
}

/** Has a text written: it waits for its turn. */
export interface WritingRoute extends Common {
  readonly method: 'POST';
  readonly body: z.ZodObject;
  readonly answer: (body: never, asked: Asked) => Answer;
}

export type Route = TellingRoute | AskingRoute | WritingRoute;

const writing = <Schema extends z.ZodObject>(
  path: string,
  summary: string,
  body: Schema,
  answer: (body: z.output<Schema>, asked: Asked) => Answer,
  envelope: Envelope = openaiEnvelope,
): WritingRoute => ({ method: 'POST', path, summary, access: 'key', envelope, body, answer });

const telling = (
  path: string,
  summary: string,
  tell: TellingRoute['tell'],
  more: Partial<TellingRoute> = {},
): TellingRoute => ({ method: 'GET', path, summary, access: 'key', envelope: openaiEnvelope, tell, ...more });

const ollama = { envelope: ollamaEnvelope };

/** All that is served: the app, its description in /openapi.json and the tests of its protections are made from this. */
export const routes: readonly Route[] = [
  telling('/health', 'Whether requests can be answered', health, {
    access: 'anyone',
    envelope: llamaEnvelope,
  }),
  telling('/metrics', 'Counters for Prometheus', metrics),
  telling('/openapi.json', 'This description', () => Response.json(openapi(routes))),
  telling('/v1/models', 'The models', models),
  telling('/v1/models/:model{.+}', 'One model', model),
  writing('/v1/chat/completions', 'The next answer of a conversation', chatSchema, chat),
  writing(
    '/v1/completions',
    'The continuation of a text, or what is in its gap',
    completionSchema,
    completion,
  ),
  writing('/v1/fim/completions', 'What is between a prompt and a suffix', fimSchema, fim),
  writing('/v1/edit/completions', 'The code around the cursor as it should be', editSchema, edit),
  writing('/v1/apply/completions', 'Code with an update laid over it', editSchema, apply),
  writing(
    '/infill',
    'What is at the cursor, for llama.vim and llama.vscode',
    infillSchema,
    infill,
    llamaEnvelope,
  ),
  telling('/api/version', 'The version, for clients of Ollama', ollamaVersion, ollama),
  telling('/api/tags', 'The models, for clients of Ollama', ollamaTags, ollama),
  telling('/api/ps', 'The models that are loaded, for clients of Ollama', ollamaRunning, ollama),
  {
    method: 'POST',
    path: '/api/show',
    summary: 'One model, for clients of Ollama',
    access: 'key',
    envelope: ollamaEnvelope,
    body: showSchema,
    ask: ollamaShow,
  },
  writing('/api/generate', 'A text, for clients of Ollama', generateSchema, generate, ollamaEnvelope),
  writing('/api/chat', 'An answer, for clients of Ollama', ollamaChatSchema, ollamaChat, ollamaEnvelope),
  writing('/unmask/infill', 'A text with its holes filled', infillingSchema, infilling),
  writing('/unmask/edit', 'A text, rewritten where the model doubts it', editingBodySchema, editing),
  writing('/unmask/doubts', 'How likely each token of a text is', doubtsSchema, doubts),
  telling('/', 'The page for a browser', page, { access: 'anyone', isPage: true }),
  telling('/assets/:file{.+}', 'Files of the page', page, { access: 'anyone' }),
];
