import { join } from 'node:path';
import type { Batch, Dataset } from '../data/dataset.ts';
import { openDataset } from '../data/open-dataset.ts';
import type { CleanWindows } from '../diffusion/clean-windows.ts';
import type { LoadedTokenizer } from '../tokenizer/load.ts';
import { type LearningFacts, noisingOf } from './choose-objective.ts';
import { distillation } from './objectives/distillation.ts';
import type { BatchPlace } from './objectives/objective.ts';
import type { TrainingBatch } from './learner.ts';
import { certaintyDefaults } from './defaults.ts';
import type { TrainingOptions } from './options.ts';
import type { TrainingTarget } from './training-target.ts';

/** What a model learns that is distilled on its own texts. */
export interface Distillation {
  readonly objective: (own: CleanWindows, place: BatchPlace) => Promise<TrainingBatch>;
  /** The real text that it is not to unlearn, if there is some. */
  readonly real?: Dataset;
  /** Windows of which the text is learned, and where it ends: a block's worth of EOS, not all of the padding. */
  textWithEnd(drawn: Batch): CleanWindows;
  close(): Promise<void>;
}

/** Opens the real text of `guardData` and the model before, which says what is to stay. */
export async function openDistillation(
  options: TrainingOptions,
  {
    subject,
    tokenizer,
    directory,
    facts,
    note,
    signal,
  }: {
    readonly subject: TrainingTarget;
    readonly tokenizer: LoadedTokenizer;
    readonly directory: string;
    readonly facts: LearningFacts;
    readonly note: (line: string) => void;
    readonly signal: AbortSignal;
  },
): Promise<Distillation> {
  const { guardData, certainty = 0 } = options;
  const { certaintyBlock: block = certaintyDefaults.certaintyBlock, guard = certaintyDefaults.guard } =
    options;
  const real =
    guardData &&
    (await openDataset({ ...options, data: guardData }, tokenizer, join(directory, 'guard'), note, signal));
  const before = subject.openReference();
  const distil = distillation({
    ...noisingOf(options, facts),
    block,
    certainty,
    guard,
    vocabularySize: subject.config.transformer.vocabularySize,
    teacher: (tokens, rows) => before.logits(tokens, rows, { signal }),
  });
  return {
    real,
    objective(own, place) {
      const none: CleanWindows = { shape: [0, own.shape[1]], data: new Int32Array(0) };
      // as many real windows as own ones, counted through the batches
      const [B] = own.shape;
      const drawn = real?.batch((place.step * place.batchRows + place.firstRow) / B, B);
      return distil({ own, real: drawn ?? none }, place);
    },
    textWithEnd({ shape, data, lengths }) {
      const [, L] = shape;
      const isLearned = (_: number, i: number) => (i % L < lengths[Math.floor(i / L)] + block ? 1 : 0);
      return { shape, data, maskable: Uint8Array.from(data, isLearned) };
    },
    close: () => before.close(),
  };
}
