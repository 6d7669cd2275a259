import { jsonBytes } from '../../base/utf8.ts';
import { modelContent } from '../../checkpoint/model-content.ts';
import { datasetOf } from '../../data/dataset.ts';
import { documentsIn, tokensOfTexts } from '../../data/tokens.ts';
import { tokenizerFiles } from '../../tokenizer/files-to-write.ts';
import type { TokenizerFileName } from '../../tokenizer/files.ts';
import { requireEndId, requireMaskId, tokenizerOf } from '../../tokenizer/load.ts';
import { tokenizerJsonOfTexts } from '../../tokenizer/of-texts.ts';
import { expandToken, type TokenizerJson, withSpecialTokens } from '../../tokenizer/tokenizer-json.ts';
import { trainingJobOf, openSubject } from '../../training/job.ts';
import type { TrainingOptions } from '../../training/options.ts';
import type { RunTokenizer } from '../../training/run-tokenizer.ts';
import { recordName, type TrainingJob } from '../../training/run/training-job.ts';
import { weightsTarget } from '../../training/weights-target.ts';
import type { PagePlace } from './page-place.ts';

/** WebAssembly has addresses of 32 bits. */
const mostMemory = 2 ** 32;

/** The tokenizer that `unmask train` makes of the same texts. */
export async function makePageTokenizer(
  texts: readonly string[],
  { tokenizer, vocabularySize, variableLength }: TrainingOptions,
): Promise<TokenizerJson> {
  const kind = tokenizer === 'characters' ? 'characters' : 'bpe';
  const made = await tokenizerJsonOfTexts(documentsIn(texts), { kind, vocabularySize });
  return withSpecialTokens(made, variableLength ? [expandToken] : []);
}

/** What is trained in a page: what `unmask train` would train on the same texts, with the same objective. */
export async function createPageJob(
  options: TrainingOptions,
  texts: readonly string[],
  tokenizer: TokenizerJson,
  place: PagePlace,
): Promise<TrainingJob> {
  const run = runTokenizerOf(tokenizer, place.path);
  const dataset = datasetOf(tokensOfTexts(texts, run.tokenizer), run.tokenizer, options);
  const target = weightsTarget(options, run, { freeBytes: mostMemory });
  const subject = await openSubject(options, run, target);
  return {
    ...trainingJobOf({ options, run, dataset, subject, sizes: target.summary }),
    async exportTo(_, record) {
      const beside = new Map([[recordName, jsonBytes(record)]]);
      await place.keepModel(record.step, record.final, modelContent(target.files(subject.live, beside)));
    },
  };
}

function runTokenizerOf(json: TokenizerJson, name: string): RunTokenizer {
  const texts = new Map(Object.entries(tokenizerFiles(json)) as [TokenizerFileName, string][]);
  const tokenizer = tokenizerOf({ directory: name, texts });
  return {
    tokenizer,
    maskId: requireMaskId(tokenizer, name),
    endId: requireEndId(tokenizer, name),
    templateFiles: {},
  };
}
