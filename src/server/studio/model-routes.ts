import { rm } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { cachedModels } from '../../hub/cache.ts';
import { requireHubName } from '../../hub/name.ts';
import type { Inspection } from '../../model-files/inspect-model.ts';
import { flagsFor } from '../../base/options.ts';
import { quantisedCopies, removeQuantisedCopies } from '../../model-files/quantised-copy.ts';
import { shippedModels } from '../../model-files/locate.ts';
import { HttpError } from '../http/http-error.ts';
import { missingModelFiles, unknownFiles } from '../http/model-file-names.ts';
import { requireStudio, type ServedModel, type Service } from '../http/service.ts';
import { knownRun, runDirectoryOf, runNames, taskOf } from './run-routes.ts';
import type { Studio } from './studio.ts';

/** A model on this machine. */
interface FoundModel extends ServedModel {
  readonly name: string;
  /** What a command of the program takes for it. */
  readonly asked: string;
  readonly source: 'served' | 'shipped' | 'run' | 'hub';
}

/**
 * Models by name: those that are served, those that ship, those of the runs, those of the hub's cache. One that is served is of the
 * kind that it would be if it were not.
 *
 * @param own  the last two, where they have been looked for
 */
async function findModels(service: Service, own?: OwnModels): Promise<Map<string, FoundModel>> {
  const studio = requireStudio(service);
  const mine = own ?? (await ownModels(studio));
  const found = new Map<string, FoundModel>();
  const paths = new Set<string>();
  const add = (
    source: FoundModel['source'],
    name: string,
    path: string,
    asked: string,
    files?: Omit<ServedModel, 'path'>,
  ) => {
    if (found.has(name) || paths.has(resolve(path))) return;
    paths.add(resolve(path));
    found.set(name, { source, name, path, asked, ...(files ?? filesAt(path)) });
  };
  for (const [name, { path, ...files }] of service.models)
    add(sourceOf(path, mine), name, path, shownPath(studio, path), files);
  for (const [name, path] of Object.entries(shippedModels))
    add('shipped', name, path, shownPath(studio, path));
  for (const { source, name, path, asked } of mine) add(source, name, path, asked);
  return found;
}

type OwnModels = Awaited<ReturnType<typeof ownModels>>;

/** What a model that is served is besides. */
const sourceOf = (path: string, own: OwnModels): FoundModel['source'] =>
  own.find((one) => resolve(one.path) === resolve(path))?.source ??
  (placeInPackage(path) === undefined ? 'served' : 'shipped');

/** What was trained here, and what was pulled, served or not; each with the folder that is all of it. */
async function ownModels(studio: Studio) {
  const runs = join(studio.root, studio.runs);
  const trained = await Promise.all(
    (await runNames(studio)).map(async (run) => {
      const directory = await runDirectoryOf(studio, run).catch(() => undefined);
      if (directory === undefined) return [];
      // a link out of the run is no model of it
      const config = await resolveInside(directory, 'model/config.json').catch(() => undefined);
      if (config === undefined) return [];
      const name = `${basename(runs)}/${run}`;
      const path = join(directory, 'model');
      return [{ source: 'run' as const, name, path, asked: join(studio.runs, run), directory, run }];
    }),
  );
  const { cache } = studio.hub;
  const pulled = (await cachedModels(cache)).map(({ name, path }) => ({
    source: 'hub' as const,
    name,
    path,
    asked: name,
    directory: repositoryOf(path, cache),
    run: undefined,
  }));
  return [...trained.flat(), ...pulled];
}

/** Of a model that ships its place in the package. */
function placeInPackage(path: string): string | undefined {
  const found = Object.entries(shippedModels).find(([, place]) => place === path);
  return found && `models/${found[0]}`;
}

/** Relative where it is inside the working directory. */
function shownPath({ root }: Studio, path: string): string {
  return path !== root && isInside(root, path) ? relative(root, path) : path;
}

function filesAt(path: string): Omit<ServedModel, 'path'> {
  try {
    return missingModelFiles(path);
  } catch {
    return unknownFiles; // it was taken away meanwhile
  }
}

/** @throws HttpError 404 */
async function modelFound(service: Service, name: string, own?: OwnModels): Promise<FoundModel> {
  const model = (await findModels(service, own)).get(name);
  if (model) return model;
  throw new HttpError(404, 'there is no model of this name; /unmask/models lists those that are here', {
    param: 'model',
    code: 'model_not_found',
  });
}

/**
 * What a command takes for a model that a request names: as /unmask/models does, or by its path inside the working directory.
 *
 * @throws InvalidOptionError
 */
export async function pathOfModel(service: Service, option: string, name: string): Promise<string> {
  const model = (await findModels(service)).get(name);
  if (model) return model.asked;
  await resolveInside(requireStudio(service).root, name).catch(() => {
    throw new InvalidOptionError(
      option,
      'must be a model of /unmask/models, or a path inside the working directory',
      name,
    );
  });
  return name;
}

/** The models that are here, with what is known of each. */
export async function listModels(service: Service): Promise<Response> {
  const { inspector } = requireStudio(service);
  const models = [...(await findModels(service)).values()];
  const looks = await inspector.inspect(models);
  const cards = models.map(async (model, i) => {
    const look = looks[i];
    return {
      ...(await factsOf(service, model)),
      ...('problem' in look ? { problems: [look.problem] } : summaryOf(look.inspection)),
    };
  });
  return Response.json({ models: await Promise.all(cards) });
}

/** One model: all that `unmask inspect` says of it. */
export async function tellModel(service: Service, name: string): Promise<Response> {
  const model = await modelFound(service, name);
  const [look] = await requireStudio(service).inspector.inspect([model]);
  const facts = await factsOf(service, model);
  return Response.json(
    'problem' in look
      ? { ...facts, problems: [look.problem] }
      : { ...facts, ...summaryOf(look.inspection), inspection: { ...look.inspection, path: facts.path } },
  );
}

async function factsOf(service: Service, { name, source, asked, path, modified, sizeBytes }: FoundModel) {
  return {
    name,
    source,
    path: placeInPackage(path) ?? asked,
    isServed: service.models.has(name),
    state: service.engine.status(name).state,
    modified: modified.toISOString(),
    sizeBytes,
    // copies in fewer bits, which --weights takes
    copies: await copiesOf(requireStudio(service), path).catch(() => []),
  };
}

/** Copies of a model, each with its place: one that ships has its own in the package. */
async function copiesOf(studio: Studio, path: string) {
  const shipped = placeInPackage(path);
  return (await quantisedCopies(path)).map((copy) => ({
    ...copy,
    path:
      shipped !== undefined && isInside(path, copy.path)
        ? `${shipped}/${basename(copy.path)}`
        : shownPath(studio, copy.path),
  }));
}

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

const model = z.string().min(1).max(256).describe('the name of a model in /unmask/models');

const smallFormat = z.enum(['f16', 'int8', 'int4']);

/** What is to be deleted: a model, a copy of it, or a run, which may have no model yet. */
export const deleteBody = z.strictObject({
  model: model.optional(),
  copy: smallFormat.optional().describe('of the model its copy in this format alone'),
  run: knownRun.optional().describe('in place of it the name of a run in /unmask/runs: all of it'),
});

/**
 * Takes the files of a model away that was trained here or pulled, or those of a run; what ships stays, and what is at work.
 * Nothing is changed before all is known to be right.
 *
 * @throws InvalidOptionError
 */
export async function deleteModel(
  service: Service,
  { model: name, run: asked, copy }: z.output<typeof deleteBody>,
): Promise<Response> {
  const studio = requireStudio(service);
  if (name !== undefined && asked !== undefined)
    throw new InvalidOptionError('model', 'must not be named beside a run', name);
  if (copy !== undefined) return deleteCopy(service, name, copy);
  const option = asked === undefined ? 'model' : 'run';
  const { source, directory, run } =
    asked === undefined
      ? await ownModel(service, name)
      : { source: 'run' as const, directory: await runDirectoryOf(studio, asked), run: asked };
  const around = source === 'run' ? resolve(studio.root, studio.runs) : resolve(studio.hub.cache);
  if (directory === around || !isInside(around, directory))
    throw new InvalidOptionError(
      option,
      'must lie among the runs, or in the cache of the hub',
      asked ?? name,
    );
  // a program that was just started for it has no lock yet
  const isAtWork = run !== undefined && (taskOf(studio, run) !== undefined || (await isLocked(directory)));
  if (isAtWork) throw new InvalidOptionError(option, 'must not be in training', asked ?? name);
  const served = Array.from(service.models)
    .filter(([, model]) => isInside(directory, resolve(studio.root, model.path)))
    .map(([served]) => served);
  if (served.length > 0 && served.length === service.models.size)
    throw new InvalidOptionError(option, 'must not be the only one that is served', asked ?? name);
  for (const one of served) service.removeModel(one);
  await rm(directory, { recursive: true, force: true });
  return Response.json({ [option]: asked ?? name });
}

/** Takes a copy with fewer bits away, of a model that ships, too. @throws InvalidOptionError */
async function deleteCopy(
  service: Service,
  name: string | undefined,
  format: z.output<typeof smallFormat>,
): Promise<Response> {
  if (name === undefined)
    throw new InvalidOptionError('model', 'must be named where a copy of it is to go', name);
  const { path } = await modelFound(service, name);
  if (requireStudio(service).tasks.at(copySubject(name, format), 'quantize'))
    throw new InvalidOptionError('copy', 'must not be in the making', format);
  if (!(await removeQuantisedCopies(path, format)))
    throw new InvalidOptionError('copy', 'must be one that is there', format);
  return Response.json({ model: name, copy: format });
}

const copySubject = (name: string, format: string): string => `${name} as ${format}`;

/** A model that was trained here, or pulled. @throws InvalidOptionError */
async function ownModel(service: Service, name: string | undefined) {
  if (name === undefined) throw new InvalidOptionError('model', 'must be named, or a run', name);
  const studio = requireStudio(service);
  const all = await ownModels(studio);
  const place = resolve(studio.root, (await modelFound(service, name, all)).path);
  const own = all.find((one) => resolve(one.path) === place);
  if (!own) throw new InvalidOptionError('model', 'must be one that was trained here, or pulled', name);
  return own;
}

/** Whether a path is that of a folder, or of something in it. */
function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, resolve(path));
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/** The folder of a repository in the cache, of which a model is a snapshot. */
function repositoryOf(path: string, cache: string): string {
  const [folder] = relative(resolve(cache), resolve(path)).split(sep);
  return join(cache, folder);
}

/** The model that is to be served as well. */
export const serveBody = z.strictObject({ model });

/** Serves a model that is here under its name; one that is served already is read anew, for a run may have gone on. */
export async function serve(
  service: Service,
  { model: name }: z.output<typeof serveBody>,
): Promise<Response> {
  const { path } = await modelFound(service, name);
  service.addModel(name, { path, ...filesAt(path) });
  service.engine.load(name);
  return Response.json({ model: name });
}

/** The model of which a copy with fewer bits is to be made. */
export const quantizeBody = z.strictObject({
  model,
  weights: smallFormat.describe('how the weights are to be stored'),
  compare: z
    .boolean()
    .default(true)
    .describe('runs both models on a text, and says how their predictions differ'),
});

/** Makes a copy of a model in fewer bits, as a program of its own. */
export async function quantizeTask(
  service: Service,
  { model: name, ...options }: z.output<typeof quantizeBody>,
): Promise<Response> {
  const { asked } = await modelFound(service, name);
  const { tasks } = requireStudio(service);
  const flags = flagsFor({ model: asked, ...options, json: true });
  const subject = copySubject(name, options.weights);
  return Response.json({ task: tasks.at(subject, 'quantize') ?? tasks.start('quantize', subject, flags) });
}

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
