import { z } from 'zod';
import { copyFormats, copyName } from '../../base/copy-name.ts';
import { flagsFor } from '../../base/options.ts';
import { requireHubName } from '../../hub/name.ts';
import type { Inspection } from '../../model-files/inspect-model.ts';
import { requireStudio, type ServedModel, type Service } from '../http/service.ts';
import { filesAt, findModels, type FoundModel, modelFound, placeInPackage } from './found-models.ts';

/** The models that are here, with what is known of each; copies with rounded weights are among the facts of their model. */
export async function listModels(service: Service): Promise<Response> {
  const { inspector } = requireStudio(service);
  const found = [...(await findModels(service)).values()];
  const models = found.filter(({ copy }) => copy === undefined);
  const looks = await inspector.inspect(models);
  const cards = models.map((model, i) => {
    const look = looks[i];
    return {
      ...factsOf(service, model),
      copies: found.filter(({ copy }) => copy?.of === model.name).map((copy) => copyFacts(service, copy)),
      ...('problem' in look ? { problems: [look.problem] } : summaryOf(look.inspection)),
    };
  });
  return Response.json({ models: cards });
}

/** One model: all that `unmask inspect` says of it. */
export async function tellModel(service: Service, name: string): Promise<Response> {
  const model = await modelFound(service, name);
  const [look] = await requireStudio(service).inspector.inspect([model]);
  const facts = factsOf(service, model);
  return Response.json(
    'problem' in look
      ? { ...facts, problems: [look.problem] }
      : { ...facts, ...summaryOf(look.inspection), inspection: { ...look.inspection, path: facts.path } },
  );
}

const factsOf = (
  service: Service,
  { name, source, asked, path, modified, sizeBytes }: Omit<FoundModel, 'copy'>,
) => ({
  name,
  source,
  path: placeInPackage(path) ?? asked,
  isServed: service.models.has(name),
  state: service.engine.status(name).state,
  modified: modified.toISOString(),
  sizeBytes,
});

/** A copy: its format, and the bytes of its weights alone. */
const copyFacts = (service: Service, { copy, ...model }: FoundModel) => ({
  ...factsOf(service, model),
  format: copy?.format,
  bytes: copy?.bytes,
});

const summaryOf = ({ config, ...facts }: Inspection) => ({
  family: facts.family,
  attention: facts.attention,
  parameters: facts.parameters,
  activeParameters: facts.activeParameters,
  layers: config?.layers,
  width: config?.width,
  maxLength: facts.maxLength,
  stored: facts.dtypes,
  memoryBytes: facts.memoryBytes,
  samplingMemory: facts.samplingMemory,
  about: facts.about,
  licence: facts.licence,
  isCausal: facts.attention === undefined ? undefined : facts.attention === 'causal',
  hasChatTemplate: facts.chatTemplate !== undefined,
  problems: facts.problems,
});

/** The name of a model in a request. */
export const modelField = z.string().min(1).max(256).describe('the name of a model in /unmask/models');

/** The format of a copy with rounded weights. */
export const smallFormat = z.enum(copyFormats);

/** The model that is to be served as well. */
export const serveBody = z.strictObject({ model: modelField });

/** Serves a model that is here under its name; one that is served already is read anew, for a run may have gone on. */
export async function serve(
  service: Service,
  { model: name }: z.output<typeof serveBody>,
): Promise<Response> {
  const model = await modelFound(service, name);
  service.addModel(name, servedAs(model));
  service.engine.load(name);
  if (model.copy === undefined) await offerCopies(service, [name]);
  return Response.json({ model: name });
}

/** What is served of a model that was found, its files looked at anew. */
const servedAs = ({ path }: FoundModel): ServedModel => ({ path, ...filesAt(path) });

/** Has the copies of models served beside them, and no longer those that are gone; each is loaded when it is asked for. */
export async function offerCopies(service: Service, models: readonly string[]): Promise<void> {
  const found = await findModels(service);
  for (const name of models.flatMap((model) =>
    smallFormat.options.map((format) => copyName(model, format)),
  )) {
    const copy = found.get(name);
    if (copy) service.addModel(name, servedAs(copy));
    else service.removeModel(name);
  }
}

/** The model of which a copy with fewer bits is to be made. */
export const quantizeBody = z.strictObject({
  model: modelField,
  weights: smallFormat.describe('how the weights are to be stored'),
  compare: z
    .boolean()
    .default(true)
    .describe('runs both models on a text, and says how their predictions differ'),
});

/** Makes a copy of a model in fewer bits, as a program of its own, and has it served. */
export async function quantizeTask(
  service: Service,
  { model: name, ...options }: z.output<typeof quantizeBody>,
): Promise<Response> {
  const { asked } = await modelFound(service, name);
  const { tasks } = requireStudio(service);
  const flags = flagsFor({ model: asked, ...options, json: true });
  const subject = copySubject(name, options.weights);
  const running = tasks.at(subject, 'quantize');
  if (running) return Response.json({ task: running });
  const task = tasks.start('quantize', subject, flags);
  void tasks.whenOver(task.id).then(() => offerCopies(service, [name]));
  return Response.json({ task });
}

/** What the making of a copy is about. */
export const copySubject = (name: string, format: string): string => `${name} as ${format}`;

/** The model that is to be downloaded. */
export const pullBody = z.strictObject({
  repository: z
    .string()
    .min(1)
    .max(512)
    .describe('org/name of the Hugging Face hub, with @revision, with :file.gguf for a file of that kind'),
});

/** Downloads a model, as a program of its own. */
export function pullRoute(service: Service, { repository }: z.output<typeof pullBody>): Response {
  requireHubName(repository);
  const { tasks } = requireStudio(service);
  const flags = flagsFor({ model: repository, json: true });
  return Response.json({ task: tasks.at(repository, 'pull') ?? tasks.start('pull', repository, flags) });
}
