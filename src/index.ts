export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './errors.ts';
export type { NdArray } from './array.ts';
export type {
  GenerateRequest,
  FillRequest,
  Generation,
  InfillPart,
  InfillRequest,
  Infilling,
  LoadOptions,
  LogitsOptions,
  Model,
  SampleRequest,
  Score,
  ScoreRequest,
} from './language-model.ts';
export type { HoleLength } from './holes.ts';
export type { TransformerConfig } from './model/config.ts';
export type { Device } from './runtime/session.ts';
export type { Frame } from './sampling/sample.ts';
export type { SampleStats } from './sampling/stats.ts';
export type { Tokenizer } from './tokenizer/tokenizer.ts';
export { shippedModel } from './opened-model.ts';
export { load } from './unmask.ts';
