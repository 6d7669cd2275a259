import { z } from 'zod';
import { limits } from '../http/limits.ts';
import type { Result } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { commonFields } from './common-fields.ts';
import { readingJob } from './reading-job.ts';
import { habits, noEffects, ollamaHabits } from './tolerance.ts';

const id = z.int().min(0);
const text = z.string().min(1);
const inputs = z.union(
  [
    text,
    z.array(text).max(limits.inputs),
    z.array(id).min(1),
    z.array(z.array(id).min(1)).max(limits.inputs),
  ],
  { error: `must be a text, ids of tokens, or a list of at most ${limits.inputs} of either` },
);
type Inputs = z.output<typeof inputs>;

const dimensions = z.int().min(1).optional().describe('so many of the first numbers [all]');

/** OpenAI's /v1/embeddings. */
export const embeddingsSchema = z.strictObject({
  ...habits,
  ...noEffects('input_type truncate'),
  model: commonFields.model,
  input: inputs.describe('what is embedded: a text or ids, or a list of either'),
  dimensions,
  encoding_format: z.enum(['float', 'base64']).optional(),
});

/** Ollama's /api/embed. */
export const ollamaEmbedSchema = z.strictObject({
  model: z.string().max(256),
  input: z.union([z.string(), z.array(z.string()).max(limits.inputs)]).default([]),
  dimensions,
  options: z.strictObject(ollamaHabits).optional(),
  ...noEffects('truncate keep_alive'),
});

/** Ollama's /api/embeddings, which /api/embed has taken the place of. */
export const ollamaEmbeddingsSchema = ollamaEmbedSchema
  .omit({ input: true, dimensions: true })
  .extend({ prompt: z.string() });

/** llama.cpp's /embedding. */
export const llamaEmbeddingSchema = z.strictObject({
  model: commonFields.model,
  content: inputs.optional(),
  input: inputs.optional(),
  ...noEffects('embd_normalize'),
});

/** The inputs of a request, each a text or ids. */
function listOf(given: Inputs): (string | readonly number[])[] {
  if (typeof given === 'string') return [given];
  return typeof given[0] === 'number' ? [given as number[]] : (given as (string | number[])[]);
}

/** An answer that is made of the vectors of some inputs. */
const embedded = (
  given: Inputs,
  { model }: ApiRequest,
  say: (vectors: readonly Float32Array[], result: Result) => object,
  wanted?: number,
): Answer => ({
  jobs:
    given.length === 0
      ? []
      : [readingJob(model, { kind: 'embed', inputs: listOf(given), dimensions: wanted })],
  choices: 1,
  whole: ([result]) => say(result?.embeddings ?? [], result),
});

/** Answers /v1/embeddings. */
export function embeddings(body: z.output<typeof embeddingsSchema>, asked: ApiRequest): Answer {
  const isBase64 = body.encoding_format === 'base64';
  const say = (vectors: readonly Float32Array[], result: Result): object => ({
    object: 'list',
    model: asked.model,
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? base64Of(vector) : [...vector],
    })),
    usage: { prompt_tokens: result?.promptTokens ?? 0, total_tokens: result?.promptTokens ?? 0 },
  });
  return embedded(body.input, asked, say, body.dimensions);
}

/** As OpenAI's clients decode it: float32, the lowest byte first. */
function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, 4 * i);
  return bytes.toString('base64');
}

/** Answers /api/embed. */
export function ollamaEmbed(body: z.output<typeof ollamaEmbedSchema>, asked: ApiRequest): Answer {
  const say = (vectors: readonly Float32Array[], result: Result): object => ({
    model: asked.model,
    embeddings: vectors.map((vector) => [...vector]),
    total_duration: Math.round((result?.ms ?? 0) * 1e6),
    load_duration: 0,
    prompt_eval_count: result?.promptTokens ?? 0,
  });
  return embedded(body.input, asked, say, body.dimensions);
}

/** Answers /api/embeddings, which Ollama had before. */
export const ollamaEmbeddings = (body: z.output<typeof ollamaEmbeddingsSchema>, asked: ApiRequest): Answer =>
  embedded(body.prompt, asked, ([vector = []]) => ({ embedding: [...vector] }));

/** Answers llama.cpp's /embedding. */
export const llamaEmbedding = (body: z.output<typeof llamaEmbeddingSchema>, asked: ApiRequest): Answer => ({
  ...embedded(body.content ?? body.input ?? [], asked, (vectors) =>
    vectors.map((vector, index) => ({ index, embedding: [[...vector]] })),
  ),
});
