import type {
  Edit,
  EditRequest,
  GenerateRequest,
  Generation,
  Infilling,
  InfillRequest,
  Model,
  Score,
  ScoreRequest,
} from '../language-model/language-model.ts';
import { load } from '../language-model/load.ts';
import type { LoadOptions } from '../model-files/open-model.ts';

// What a model is most often opened for, each in one call. Whoever wants more of it than one text loads it once.

/** Writes a text, as `unmask generate` does: loads a model, writes, and closes it. */
export const generate = (
  model: string,
  request: GenerateRequest,
  options?: LoadOptions,
): Promise<Generation> => withModel(model, request, options, (opened) => opened.generate(request));

/** Fills the holes of a text, as `unmask infill` does. */
export const infill = (model: string, request: InfillRequest, options?: LoadOptions): Promise<Infilling> =>
  withModel(model, request, options, (opened) => opened.infill(request));

/** Rewrites what a model doubts in a text, as `unmask edit` does. */
export const edit = (model: string, request: EditRequest, options?: LoadOptions): Promise<Edit> =>
  withModel(model, request, options, (opened) => opened.edit(request));

/** Says how likely a text is, as `unmask score` does. */
export const score = (model: string, request: ScoreRequest, options?: LoadOptions): Promise<Score> =>
  withModel(model, request, options, (opened) => opened.score(request));

async function withModel<Result>(
  path: string,
  { signal }: { readonly signal?: AbortSignal },
  options: LoadOptions = {},
  use: (model: Model) => Promise<Result>,
): Promise<Result> {
  const model = await load(path, { signal, ...options });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}
