import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { conversations, makeTokenizer } from '../data/make-tokenizer.ts';
import { FileError, InvalidOptionError } from '../base/errors.ts';
import { modelDirectory } from '../model-files/locate.ts';
import { type ChatTemplate, chatTemplateOf } from '../tokenizer/chat-template.ts';
import { type TokenizerFiles } from '../tokenizer/files.ts';
import { readTokenizerFiles } from '../tokenizer/from-directory.ts';
import { type LoadedTokenizer, requireEndId, requireMaskId } from '../tokenizer/load.ts';
import { loadTokenizer } from '../tokenizer/from-directory.ts';
import { linesTemplate, taggedTemplate } from '../tokenizer/plain-template.ts';
import { namesOf, type TemplateFiles, templateFilesIn } from '../tokenizer/files-to-write.ts';
import { saveTokenizer } from '../tokenizer/save.ts';
import { DEFAULT_SPECIAL_TOKENS, expandToken, withSpecialTokens } from '../tokenizer/tokenizer-json.ts';
import type { TrainingOptions } from './options.ts';
import type { JobIo } from './run/training-job.ts';

/** A run's tokenizer, and what it knows of the run's text. */
export interface RunTokenizer {
  readonly tokenizer: LoadedTokenizer;
  /** None where an adapter of a causal model is trained, which needs none. */
  readonly maskId?: number;
  readonly endId: number;
  /** How the run's conversations are written, where it learns from such. */
  readonly template?: ChatTemplate;
  readonly templateFiles: TemplateFiles;
}

/**
 * Opens the tokenizer of a run, which is made or copied when the run begins.
 *
 * @param directory  the run's
 * @throws FileError           for a tokenizer without a mask or an end of a text
 * @throws InvalidOptionError  for one that the run's options have no use for
 */
export async function openRunTokenizer(
  options: TrainingOptions,
  directory: string,
  io: JobIo,
): Promise<RunTokenizer> {
  const place = join(directory, 'tokenizer');
  const tokenizer = await tokenizerOf(options, place, io);
  const files = await readTokenizerFiles(place);
  return {
    tokenizer,
    maskId: needsNoMask(options) ? tokenizer.maskId : requireMaskId(tokenizer, tokenizer.path),
    endId: requireEndId(tokenizer, tokenizer.path),
    template: options.learn === 'text' ? undefined : requireTemplate(files, tokenizer, io.now),
    templateFiles: templateFilesIn(files),
  };
}

/** The run's tokenizer: a copy of the one that is named, or one made from the text when the run began. */
async function tokenizerOf(
  options: TrainingOptions,
  directory: string,
  { note, now, signal }: JobIo,
): Promise<LoadedTokenizer> {
  if (!existsSync(join(directory, 'tokenizer_config.json'))) {
    const { tokenizer: kind, from, learn, variableLength, loraRank } = options;
    if (from !== undefined && kind !== from)
      throw new InvalidOptionError('tokenizer', `must be left out, or be that of --from ${from}`, kind);
    const added = variableLength ? [expandToken] : [];
    if (kind === 'bpe' || kind === 'characters') {
      note('making the tokenizer …');
      const template = learn === 'text' ? undefined : taggedTemplate;
      const holding = template && conversations;
      const made = await makeTokenizer(options.data, { ...options, kind, holding, signal });
      const tokens = [...added, ...(template?.tokens ?? [])];
      saveTokenizer(directory, withSpecialTokens(made, tokens), {}, { jinja: template?.source });
    } else {
      const place = kind === from ? await modelDirectory(kind) : kind;
      const given = await loadTokenizer(place);
      const names = namesOf(given);
      const files = await readTokenizerFiles(place);
      const isAdapter = loraRank !== undefined;
      const template =
        learn === 'text' || chatTemplateOf(files, given, now)
          ? undefined
          : isAdapter
            ? linesTemplate(nameOfEnd(given))
            : taggedTemplate;
      // only the network of --from is given rows for tokens that it lacks; elsewhere a mask is asked for
      const wantsMask = from !== undefined && names.mask === undefined && !needsNoMask(options);
      const [mask] = DEFAULT_SPECIAL_TOKENS;
      if (isAdapter && wantsMask)
        throw new InvalidOptionError(
          'loraRank',
          `needs a model that has a mask token, as an adapter adds none; fine-tune all of ${place} first`,
          loraRank,
        );
      const tokens = [wantsMask ? mask : [], added, template?.tokens ?? []].flat();
      const templateFiles = template ? { jinja: template.source } : templateFilesIn(files);
      saveTokenizer(directory, withSpecialTokens(given.json, tokens), names, templateFiles);
    }
  }
  return loadTokenizer(directory);
}

/** How the run's conversations are written. */
function requireTemplate(files: TokenizerFiles, tokenizer: LoadedTokenizer, now: () => Date): ChatTemplate {
  const template = chatTemplateOf(files, tokenizer, now);
  if (template) return template;
  throw new FileError(files.directory, 'a chat_template.jinja', 'none', 'start the run again');
}

const needsNoMask = ({ loraRank, objective }: TrainingOptions): boolean =>
  loraRank !== undefined && objective === 'autoregressive';

/** How the end of a text is spelled. @throws FileError  for a tokenizer without one that can be */
function nameOfEnd(tokenizer: LoadedTokenizer): string {
  const id = requireEndId(tokenizer, tokenizer.path);
  const token = tokenizer.json.added_tokens.find((added) => added.id === id);
  if (token) return token.content;
  throw new FileError(tokenizer.path, 'an end of a text among the added tokens', `id ${id}`);
}
