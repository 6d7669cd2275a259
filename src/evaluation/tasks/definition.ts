import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { FileError, InvalidOptionError } from '../../base/errors.ts';
import { keysOf } from '../../base/options.ts';
import { readJson } from '../../checkpoint/read-json.ts';
import { puzzleKinds } from '../planning/kinds.ts';
import { shippedTasks } from '../shipped.ts';

const template = z.string().min(1);
const common = {
  summary: z.string().min(1),
  /** A file of rows, as seen from the definition. Default: what `--data` names. */
  data: z.string().min(1).optional(),
  /** What a person is to name with `--data`, and where it comes from. */
  needs: z.string().min(1).optional(),
  /** Named groups of a pattern that a field of the row has to match become fields. */
  split: z.strictObject({ field: z.string(), pattern: z.string() }).optional(),
};
const tokens = z.int().min(1).max(100_000);

/**
 * What a task asks, in a small file: rows of data, made into questions by templates in which `{field}` is a field of the row.
 */
export const definitionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('choice'),
    ...common,
    prompt: template,
    /** The field that has the list of answers. */
    choices: z.string().default('choices'),
    /** What is scored behind the prompt; `{choice}` is an answer. */
    choice: template.default(' {choice}'),
    /** The field that says which is right: an index, a letter from A on, or the answer itself. */
    answer: z.string().default('answer'),
  }),
  z.strictObject({
    kind: z.literal('generate'),
    ...common,
    prompt: template,
    answer: template,
    /** Tokens to write. */
    length: tokens.default(64),
    /** What counts of the text that is written, and of the answer: the first group of the last match. */
    extract: z.string().optional(),
    /** exact: the same text, blanks around it aside; regex: the answer is a pattern that the text has to match. */
    match: z.enum(['exact', 'regex']).default('exact'),
    /** Asks in a conversation where the model has a chat template. */
    chat: z.boolean().default(false),
    /** Rows are made by a generator, and an answer is right that obeys the rules. */
    puzzle: z.enum(keysOf(puzzleKinds)).optional(),
  }),
  z.strictObject({
    kind: z.literal('infill'),
    ...common,
    before: z.string(),
    after: z.string(),
    answer: template,
    /** known: as many tokens as the answer has; any: the model finds out. */
    length: z.enum(['known', 'any']).default('known'),
  }),
  z.strictObject({ kind: z.literal('perplexity'), ...common, text: template.default('{text}') }),
]);

/** A task, and where its definition is. */
export type TaskDefinition = z.output<typeof definitionSchema> & { readonly name: string };

/** Opens a task that ships by its name, or a definition of one's own by its file. @throws FileError, InvalidOptionError */
export async function openTask(nameOrFile: string): Promise<TaskDefinition> {
  const shipped = join(shippedTasks, `${nameOrFile}.json`);
  const path = /^[\w-]+$/.test(nameOrFile) && existsSync(shipped) ? shipped : nameOrFile;
  if (!existsSync(path)) {
    const { readdir } = await import('node:fs/promises');
    const names = (await readdir(shippedTasks)).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []);
    throw new InvalidOptionError('task', `must be a file, or one of ${names.sort().join(', ')}`, nameOrFile);
  }
  const parsed = definitionSchema.safeParse(await readJson(path));
  if (!parsed.success) {
    const [{ path: at, message }] = parsed.error.issues;
    throw new FileError(
      path,
      'the definition of a task',
      `${at.join('.') || 'it'}: ${message}`,
      'see tasks/README.md',
    );
  }
  const { data } = parsed.data;
  return {
    ...parsed.data,
    name: nameOrFile,
    ...(data !== undefined && { data: resolve(dirname(path), data) }),
  };
}
