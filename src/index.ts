/**
 * Language models that write by unmasking, in a program: all that the command line does, as functions.
 *
 *     const model = await load(shippedModel);                          // a directory, a run, a .gguf file, or org/name
 *     const { text } = await model.generate({ prompt: 'The dog' });    // also sample, infill, edit, score, logits
 *     const run = await train({ data: ['story.txt'], steps: 500 });    // then run.model(), run.metrics(), run.samples()
 *
 * Every function that takes a while has one shape: `verb(what, options)`, where options hold a `signal` that stops it and an
 * `onProgress` that is told how far it is. It gives a `Task`: awaited, its result; iterated, its progress.
 *
 *     for await (const event of train({ data: ['story.txt'] })) if (event.kind === 'step') console.log(event.loss);
 *
 * Options have the names of the flags, in camelCase, and their defaults. Mistakes are an `InvalidOptionError`, `FileError` or
 * `UnsupportedError`, whose message is a sentence for people. The parts of the papers are in `unmask/diffusion`, tensors and
 * their gradients in `unmask/graph`.
 *
 * @module unmask
 */
export type { NdArray } from './base/array.ts';
export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './base/errors.ts';
export type { Task, TaskOptions } from './base/task.ts';
export type { TextSpan } from './base/text-edits.ts';
export { pull, type Pulled, type PullOptions, type PullProgress } from './hub/pull.ts';
export type { HubSettings } from './hub/settings.ts';
export type { HoleLength, HolePlace } from './language-model/infill-windows.ts';
export type {
  Edit,
  EditRequest,
  GenerateRequest,
  Generation,
  InfillPart,
  InfillRequest,
  Infilling,
  LogitsOptions,
  Model,
  SampleRequest,
  Score,
  ScoredToken,
  ScoreRequest,
  TextChange,
} from './language-model/language-model.ts';
export { load } from './language-model/load.ts';
export { type Judgement, judgeTexts as judge } from './evaluation/judge/judge.ts';
export { type ComparedRun, compareRuns as compare, type CurvePoint } from './evaluation/runs/compare.ts';
export {
  evaluate,
  type EvaluateRequest,
  type Evaluation,
  type GivenAnswer,
} from './evaluation/tasks/evaluate.ts';
export { findRuns } from './evaluation/runs/find-runs.ts';
export type { Mean } from './evaluation/mean.ts';
export { distill, type DistillEvent } from './library/distill.ts';
export { openRun, type RunSample, type TrainingRun } from './library/open-run.ts';
export { type Grid, sweep, type SweepEvent } from './library/sweep.ts';
export {
  finetune,
  type FinetuneRequest,
  train,
  type TrainOptions,
  type TrainRequest,
} from './library/train.ts';
export { edit, generate, infill, score } from './library/write.ts';
export { type Inspection, inspectModel as inspect } from './model-files/inspect-model.ts';
export { mergeAdapter } from './model-files/merge-adapter.ts';
export { shippedJudge, shippedModel, shippedModels } from './model-files/locate.ts';
export type { LoadOptions } from './model-files/open-model.ts';
export {
  quantize,
  type Quantized,
  type QuantizeOptions,
  type QuantizeProgress,
} from './model-files/quantize.ts';
export type { TransformerConfig } from './model/config.ts';
export type { WeightFormat } from './model/weight-format.ts';
export type { Device } from './runtime/device.ts';
export type { CacheReport } from './sampling/cache-report.ts';
export type { Candidates } from './sampling/decode.ts';
export type { Ending } from './sampling/growth.ts';
export type { Frame } from './sampling/sample.ts';
export type { SampleStats } from './sampling/stats.ts';
export type { ChatMessage, ChatTemplate, TemplateOptions } from './tokenizer/chat-template.ts';
export type { Tokenizer } from './tokenizer/tokenizer.ts';
export { trainTokenizer, type TrainedTokenizer } from './tokenizer/train-tokenizer.ts';
export { NonFiniteError } from './training/loop.ts';
export type { TrainingOptions } from './training/options.ts';
export type { OwnParts } from './training/own-parts.ts';
export type { MetricsRow, StepEvent, StepRow, TrainingEvent, ValidationRow } from './training/run/events.ts';
export { CannotSaveError } from './training/run/run-loop.ts';
