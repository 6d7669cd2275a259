export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from './base/errors.ts';
export type { NdArray } from './base/array.ts';
export { pull, type Pulled, type PullOptions, type PullProgress } from './hub/pull.ts';
export type { HubSettings } from './hub/settings.ts';
export type {
  GenerateRequest,
  Edit,
  EditRequest,
  Generation,
  InfillPart,
  InfillRequest,
  Infilling,
  LogitsOptions,
  Model,
  SampleRequest,
  Score,
  ScoreRequest,
  ScoredToken,
  TextChange,
} from './language-model/language-model.ts';
export type { HoleLength, HolePlace } from './language-model/infill-windows.ts';
export type { TransformerConfig } from './model/config.ts';
export type { WeightFormat } from './model/weight-format.ts';
export type { Device } from './runtime/device.ts';
export type { CacheReport } from './sampling/cache-report.ts';
export type { Candidates } from './sampling/decode.ts';
export type { Ending } from './sampling/growth.ts';
export type { Frame } from './sampling/sample.ts';
export type { SampleStats } from './sampling/stats.ts';
export type { TextSpan } from './base/text-edits.ts';
export type { ChatMessage, ChatTemplate, TemplateOptions } from './tokenizer/chat-template.ts';
export type { Tokenizer } from './tokenizer/tokenizer.ts';
export type { LoadOptions } from './model-files/open-model.ts';
export { shippedModel } from './model-files/locate.ts';
export { shippedModels } from './model-files/locate.ts';
export { load } from './language-model/load.ts';
