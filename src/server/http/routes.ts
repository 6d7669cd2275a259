import { fim, fimSchema } from '../apis/completions.ts';
import {
  embeddings,
  embeddingsSchema,
  llamaEmbedding,
  llamaEmbeddingSchema,
  ollamaEmbed,
  ollamaEmbeddings,
  ollamaEmbeddingsSchema,
  ollamaEmbedSchema,
} from '../apis/embeddings.ts';
import { llamaCompletion, llamaCompletionSchema } from '../apis/llama-completion.ts';
import {
  applyTemplate,
  applyTemplateSchema,
  detokenize,
  detokenizeSchema,
  props,
  slots,
} from '../apis/llama-tokens.ts';
import { countMessageTokens, countTokensSchema, messages, messagesSchema } from '../apis/messages.ts';
import { responses, responsesSchema } from '../apis/responses.ts';
import { anthropicEnvelope, llamaEnvelope, ollamaEnvelope } from './http-error.ts';
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
} from '../apis/information.ts';
import { llamaInfill, llamaInfillSchema } from '../apis/llama-cpp.ts';
import { applyEdit, mercuryEdit, mercuryEditSchema } from '../apis/mercury.ts';
import { ollamaGenerate, generateSchema, ollamaChat, ollamaChatSchema } from '../apis/ollama.ts';
import { openapi } from './openapi.ts';
import { pageRoutes } from './page-routes.ts';
import { page, sitePage } from './pages.ts';
import { siteAddress } from './site-places.ts';
import { asking, type Route, telling, writing } from './route.ts';
import { deleteBody, deleteModel } from '../studio/delete-routes.ts';
import {
  listModels,
  pullRoute,
  pullBody,
  quantizeTask,
  quantizeBody,
  serve,
  serveBody,
  tellModel,
} from '../studio/model-routes.ts';
import { options } from '../studio/option-routes.ts';
import {
  copySchema,
  deleteSchema,
  ollamaCopy,
  ollamaDelete,
  ollamaPull,
  ollamaPullSchema,
} from '../studio/ollama-models.ts';
import { claimsBody, claimsQuery, tellClaims, testClaims } from '../studio/claims-routes.ts';
import { judge, judgeBody } from '../studio/judge-routes.ts';
import { listRuns, metricsQuery, notesBody, tellMetrics, tellRun, writeNotes } from '../studio/run-routes.ts';
import { listTasks, stopBody, stopTask } from '../studio/task-routes.ts';
import {
  distillBody,
  finetuneBody,
  resume,
  resumeBody,
  startDistilling,
  startFinetuning,
  startTraining,
  trainBody,
  upload,
  uploadBody,
} from '../studio/training-routes.ts';

const studio = { access: 'studio' } as const;
const ollama = { envelope: ollamaEnvelope };
const anthropic = { envelope: anthropicEnvelope };
const llama = { envelope: llamaEnvelope };

/** All that is served: the app, its description in /openapi.json and the tests of its protections are made from this. */
export const routes: readonly Route[] = [
  telling('/health', 'Whether requests can be answered', health, {
    access: 'anyone',
    ...llama,
    aliases: ['/v1/health'],
  }),
  telling('/metrics', 'Counters for Prometheus', metrics),
  telling('/openapi.json', 'This description', () => Response.json(openapi(routes))),
  telling('/v1/models', 'The models', models, { aliases: ['/models'] }),
  telling('/v1/models/:model{.+}', 'One model', model),
  ...pageRoutes,
  writing('/v1/responses', 'The next answer, as OpenAI answers lately', responsesSchema, responses, {
    aliases: ['/responses'],
  }),
  writing('/v1/messages', 'The next answer, for clients of Anthropic', messagesSchema, messages, {
    ...anthropic,
    aliases: ['/messages'],
  }),
  writing(
    '/v1/messages/count_tokens',
    'How many tokens a conversation has',
    countTokensSchema,
    countMessageTokens,
    anthropic,
  ),
  writing('/v1/embeddings', 'Texts as directions in space', embeddingsSchema, embeddings, {
    aliases: ['/embeddings'],
  }),
  writing('/v1/fim/completions', 'What is between a prompt and a suffix', fimSchema, fim, {
    aliases: ['/fim/completions'],
  }),
  writing(
    '/v1/edit/completions',
    'The code around the cursor as it should be',
    mercuryEditSchema,
    mercuryEdit,
    { aliases: ['/edit/completions'] },
  ),
  writing('/v1/apply/completions', 'Code with an update laid over it', mercuryEditSchema, applyEdit, {
    aliases: ['/apply/completions'],
  }),
  writing(
    '/infill',
    'What is at the cursor, for llama.vim and llama.vscode',
    llamaInfillSchema,
    llamaInfill,
    { ...llama, aliases: ['/v1/infill'] },
  ),
  writing(
    '/completion',
    'The continuation of a text, for clients of llama.cpp',
    llamaCompletionSchema,
    llamaCompletion,
    llama,
  ),
  writing('/detokenize', 'The text of tokens', detokenizeSchema, detokenize, llama),
  writing(
    '/apply-template',
    'The text that a conversation becomes',
    applyTemplateSchema,
    applyTemplate,
    llama,
  ),
  telling('/props', 'What the server is, for clients of llama.cpp', props, llama),
  telling('/slots', 'What is being written, for clients of llama.cpp', slots, llama),
  telling('/api/version', 'The version, for clients of Ollama', ollamaVersion, ollama),
  telling('/api/tags', 'The models, for clients of Ollama', ollamaTags, ollama),
  telling('/api/ps', 'The models that are loaded, for clients of Ollama', ollamaRunning, ollama),
  asking('/api/show', 'One model, for clients of Ollama', showSchema, ollamaShow, ollama),
  writing('/api/generate', 'A text, for clients of Ollama', generateSchema, ollamaGenerate, ollama),
  writing('/api/chat', 'An answer, for clients of Ollama', ollamaChatSchema, ollamaChat, ollama),
  writing(
    '/api/embed',
    'Texts as directions in space, for clients of Ollama',
    ollamaEmbedSchema,
    ollamaEmbed,
    ollama,
  ),
  writing('/api/embeddings', 'The same of one text', ollamaEmbeddingsSchema, ollamaEmbeddings, ollama),
  writing(
    '/embedding',
    'Texts as directions in space, for clients of llama.cpp',
    llamaEmbeddingSchema,
    llamaEmbedding,
    llama,
  ),
  telling('/unmask/options', 'What may be asked of each verb, as JSON Schema', options),
  telling('/unmask/models', 'The models on this machine', listModels, studio),
  telling('/unmask/models/:model{.+}', 'What is known of one of them', tellModel, studio),
  asking('/unmask/serve', 'Serves one more of them', serveBody, serve, studio),
  asking('/unmask/quantize', 'Makes a copy of a model in fewer bits', quantizeBody, quantizeTask, studio),
  asking('/unmask/delete', 'Takes the files of a model or a run away', deleteBody, deleteModel, studio),
  asking('/unmask/pull', 'Downloads a model', pullBody, pullRoute, studio),
  asking(
    '/api/pull',
    'Downloads a model and serves it, for clients of Ollama',
    ollamaPullSchema,
    ollamaPull,
    { ...studio, ...ollama },
  ),
  asking('/api/copy', 'Another name for a model', copySchema, ollamaCopy, { ...studio, ...ollama }),
  asking('/api/delete', 'Serves a model no longer', deleteSchema, ollamaDelete, {
    ...studio,
    ...ollama,
    method: 'DELETE',
  }),
  telling('/unmask/runs', 'The runs of training', listRuns, studio),
  telling('/unmask/runs/:run{.+}', 'One run, with the texts that it wrote', tellRun, studio),
  telling('/unmask/metrics/:run{.+}', "Rows of a run's metrics, and where the next begin", tellMetrics, {
    ...studio,
    query: metricsQuery,
  }),
  asking('/unmask/train', 'Starts a run on text', trainBody, startTraining, studio),
  asking('/unmask/finetune', 'Starts a run on conversations', finetuneBody, startFinetuning, studio),
  asking(
    '/unmask/distill',
    'Teaches a model to write several tokens a forward',
    distillBody,
    startDistilling,
    studio,
  ),
  asking('/unmask/upload', 'Takes a part of a file to be learned from', uploadBody, upload, studio),
  asking('/unmask/notes', 'Keeps what a person says of a run', notesBody, writeNotes, studio),
  asking('/unmask/judge', 'Says what a text is worth', judgeBody, judge, studio),
  telling('/unmask/claims', 'What is said of diffusion models, and what was found of it', tellClaims, {
    ...studio,
    query: claimsQuery,
  }),
  asking('/unmask/claims', 'Puts the claims to the test', claimsBody, testClaims, studio),
  asking('/unmask/resume', 'Goes on with a run', resumeBody, resume, studio),
  telling('/unmask/tasks', 'What runs beside the server, and what did', listTasks, studio),
  asking('/unmask/stop', 'Has a task save what it has and end', stopBody, stopTask, studio),
  telling('/', 'The page for a browser', page, { access: 'anyone', isPage: true }),
  telling('/assets/:file{.+}', 'Files of the page', page, { access: 'anyone' }),
  telling(
    `${siteAddress}:file{.+}`,
    'The page with the models in the browser, where it was built',
    sitePage,
    {
      access: 'anyone',
      aliases: [siteAddress],
      isPage: true,
    },
  ),
];
