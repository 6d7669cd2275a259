import { basename, join, relative, resolve, sep } from 'node:path';
import { copiedIn, copyName } from '../../base/copy-name.ts';
import { InvalidOptionError } from '../../base/errors.ts';
import { isInside } from '../../base/is-inside.ts';
import { inPlaceDirectory } from '../../checkpoint/gguf/in-place.ts';
import { resolveInside } from '../../checkpoint/resolve-inside.ts';
import { cachedModels } from '../../hub/cache.ts';
import { shippedModels } from '../../model-files/locate.ts';
import { quantisedCopies, type QuantisedCopy } from '../../model-files/quantised-copy.ts';
import { HttpError } from '../http/http-error.ts';
import { missingModelFiles, unknownFiles } from '../http/model-file-names.ts';
import { requireStudio, type ServedModel, type Service } from '../http/service.ts';
import { runDirectoryOf, runNames, wholeRun } from './run-routes.ts';
import { runsFolder, type Studio } from './studio.ts';

/** A model on this machine. */
export interface FoundModel extends ServedModel {
  readonly name: string;
  /** What a command of the program takes for it. */
  readonly asked: string;
  readonly source: 'served' | 'shipped' | 'run' | 'hub' | 'copy';
  /** Of a copy with rounded weights: of which model it is, and in which format. */
  readonly copy?: Pick<QuantisedCopy, 'format' | 'bytes'> & { readonly of: string };
}

/**
 * Models by name: those that are served, those that ship, those of the runs, those of the hub's cache, and the copies of them all.
 * One that is served is of the kind that it would be if it were not.
 *
 * @param own  those of the runs and of the cache, where they have been looked for
 */
export async function findModels(service: Service, own?: OwnModels): Promise<Map<string, FoundModel>> {
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
  // copies that are served are among those of their models, or gone
  for (const name of found.keys()) if (found.has(copiedIn(name) ?? '')) found.delete(name);
  const copies = await Promise.all(Array.from(found.values(), (model) => copiesOf(studio, model)));
  for (const copy of copies.flat()) found.set(copy.name, copy);
  return found;
}

/** The copies of a model with rounded weights. */
async function copiesOf(studio: Studio, { name: of, path }: FoundModel): Promise<FoundModel[]> {
  const copies = await quantisedCopies(copiedPath(path)).catch(() => []); // it was taken away meanwhile
  return copies.map(({ format, path, bytes }) => ({
    source: 'copy',
    name: copyName(of, format),
    path,
    asked: shownPath(studio, path),
    ...filesAt(path),
    copy: { of, format, bytes },
  }));
}

/** The directory that copies of a model are made from: of a GGUF file the one that it becomes. */
export const copiedPath = (path: string): string => (/\.gguf$/i.test(path) ? inPlaceDirectory(path) : path);

/** What was trained here, and what was pulled. */
export type OwnModels = Awaited<ReturnType<typeof ownModels>>;

/** What a model that is served is besides. */
const sourceOf = (path: string, own: OwnModels): FoundModel['source'] =>
  own.find((one) => resolve(one.path) === resolve(path))?.source ??
  (placeInPackage(path) === undefined ? 'served' : 'shipped');

/** What was trained here, and what was pulled, served or not; each with the folder that is all of it. */
export async function ownModels(studio: Studio) {
  const runs = runsFolder(studio);
  const trained = await Promise.all(
    (await runNames(studio)).map(async (run) => {
      const directory = await runDirectoryOf(studio, run).catch(() => undefined);
      if (directory === undefined) return [];
      // a link out of the run is no model of it
      const config = await resolveInside(directory, 'model/config.json').catch(() => undefined);
      if (config === undefined) return [];
      const name = `${basename(runs)}/${run}`;
      return [
        {
          source: 'run' as const,
          name,
          path: join(directory, 'model'),
          asked: join(studio.runs, run),
          directory: wholeRun(directory),
          run,
        },
      ];
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

/** Of a model that ships, or a copy of one, its place in the package. */
export function placeInPackage(path: string): string | undefined {
  const found = Object.entries(shippedModels).find(([, place]) => isInside(place, path));
  return found && join('models', found[0], relative(found[1], path));
}

/** Relative where it is inside the working directory. */
function shownPath({ root }: Studio, path: string): string {
  return path !== root && isInside(root, path) ? relative(root, path) : path;
}

/** When a model was last changed, and the size of its files, as far as that is known. */
export function filesAt(path: string): Omit<ServedModel, 'path'> {
  try {
    return missingModelFiles(path);
  } catch {
    return unknownFiles; // it was taken away meanwhile
  }
}

/** A model by its name in /unmask/models. @throws HttpError 404 */
export async function modelFound(service: Service, name: string, own?: OwnModels): Promise<FoundModel> {
  const model = (await findModels(service, own)).get(name);
  if (model) return model;
  throw new HttpError(404, 'there is no model of this name here; “Models” lists those that are', {
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
      'must be a model that “Models” lists, or a path inside the working directory',
      name,
    );
  });
  return name;
}

/** The folder of a repository in the cache, of which a model is a snapshot. */
function repositoryOf(path: string, cache: string): string {
  const [folder] = relative(resolve(cache), resolve(path)).split(sep);
  return join(cache, folder);
}
