import { chat, chatSchema } from '../apis/chat.ts';
import { completion, completionSchema } from '../apis/completions.ts';
import {
  doubtsRoute,
  doubtsSchema,
  editRoute,
  editingBodySchema,
  infillRoute,
  infillingSchema,
} from '../apis/infill-edit.ts';
import { tokenizeSchema, tokenizeText } from '../apis/llama-tokens.ts';
import { llamaEnvelope } from './http-error.ts';
import { writing, type WritingRoute } from './route.ts';

/** The routes that a page can answer by itself, with the model in it: what the studio asks to write, fill, edit and chat. */
export const pageRoutes: readonly WritingRoute[] = [
  writing('/v1/chat/completions', 'The next answer of a conversation', chatSchema, chat, {
    aliases: ['/chat/completions'],
  }),
  writing(
    '/v1/completions',
    'The continuation of a text, or what is in its gap',
    completionSchema,
    completion,
    { aliases: ['/completions'] },
  ),
  writing('/unmask/infill', 'A text with its holes filled', infillingSchema, infillRoute),
  writing('/unmask/edit', 'A text, rewritten where the model doubts it', editingBodySchema, editRoute),
  writing('/unmask/doubts', 'How likely each token of a text is', doubtsSchema, doubtsRoute),
  writing('/tokenize', 'The tokens of a text', tokenizeSchema, tokenizeText, { envelope: llamaEnvelope }),
];
