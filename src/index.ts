export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './errors.ts';
export type { NdArray } from './array.ts';
export { pull, type Pulled, type PullOptions, type PullProgress } from './hub/pull.ts';
export type { HubSettings } from './hub/settings.ts';
export type {
  GenerateRequest,
  Edit,
  EditRequest,
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
  SureToken,
  TextChange,
} from './language-model.ts';
export type { HoleLength, HolePlace } from './holes.ts';
export type { TransformerConfig } from './model/config.ts';
export type { WeightFormat } from './model/weight-format.ts';
export type { Device } from './runtime/session.ts';
export type { CacheReport } from './sampling/cache-report.ts';
export type { Candidates } from './sampling/decode.ts';
export type { Ending } from './sampling/growth.ts';
export type { Frame } from './sampling/sample.ts';
export type { SampleStats } from './sampling/stats.ts';
export type { TextSpan } from './text-changes.ts';
export type { ChatMessage, ChatTemplate, TemplateOptions } from './tokenizer/chat-template.ts';
export type { Tokenizer } from './tokenizer/tokenizer.ts';
export { shippedModel, shippedModels } from './opened-model.ts';
export { load } from './unmask.ts';
