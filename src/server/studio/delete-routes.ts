import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import { isInside } from '../../base/is-inside.ts';
import { isLocked } from '../../checkpoint/lock.ts';
import { removeQuantisedCopies } from '../../model-files/quantised-copy.ts';
import { requireStudio, type Service } from '../http/service.ts';
import { copiedPath, modelFound, type OwnModels, ownModels } from './found-models.ts';
import { copySubject, modelField, offerCopies, smallFormat } from './model-routes.ts';
import { knownRun, runDirectoryOf, taskOf, trainingKinds, wholeRun } from './run-routes.ts';
import { runsFolder, type Studio } from './studio.ts';
import { textsFolder } from './training-routes.ts';

/** What is to be deleted: a model, a copy of it, or a run, which may have no model yet. */
export const deleteBody = z.strictObject({
  model: modelField.optional(),
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
  const own = await ownModels(studio);
  const { source, directory, run } =
    asked === undefined
      ? await ownModel(service, name, own)
      : { source: 'run' as const, directory: wholeRun(await runDirectoryOf(studio, asked)), run: asked };
  const around = source === 'run' ? runsFolder(studio) : resolve(studio.hub.cache);
  if (directory === around || !isInside(around, directory))
    throw new InvalidOptionError(
      option,
      'must lie among the runs, or in the cache of the hub',
      asked ?? name,
    );
  if (run !== undefined && (await isAtWork(studio, run, directory)))
    throw new InvalidOptionError(option, 'must not be in training', asked ?? name);
  serveNoLonger(service, directory, { option, value: asked ?? name });
  await rm(directory, { recursive: true, force: true });
  const gone = own.filter(({ path }) => isInside(directory, path)).map((model) => model.name);
  studio.tasks.forget(
    ({ kind, subject }) =>
      gone.some(
        (model) => subject.replace(/@[^:]+/, '') === model || subject.startsWith(copySubject(model, '')),
      ) ||
      (trainingKinds.includes(kind) && isInside(directory, join(runsFolder(studio), subject))),
  );
  if (source === 'run') await tidyAfter(studio, directory);
  return Response.json({ [option]: asked ?? name });
}

/** A program that was just started for a run has no lock yet. */
const isAtWork = async (studio: Studio, run: string, directory: string): Promise<boolean> =>
  taskOf(studio, run) !== undefined ||
  (await isLocked(await runDirectoryOf(studio, run))) ||
  (await isLocked(directory));

/** What lies in a folder is served no longer. @throws InvalidOptionError  where nothing would be left */
function serveNoLonger(
  service: Service,
  folder: string,
  { option, value }: { readonly option: string; readonly value: unknown },
): void {
  const { root } = requireStudio(service);
  const served = Array.from(service.models)
    .filter(([, model]) => isInside(folder, resolve(root, model.path)))
    .map(([name]) => name);
  if (served.length > 0 && served.length === service.models.size)
    throw new InvalidOptionError(option, 'must not be the only one that is served', value);
  for (const one of served) service.removeModel(one);
}

/** Takes away what a run leaves beside its folder: that of its sweep, once it is empty, and the text that was given for it. */
async function tidyAfter(studio: Studio, directory: string): Promise<void> {
  const runs = runsFolder(studio);
  const [top, ...inner] = relative(runs, directory).split(sep);
  if (inner.length > 0) await rmdir(join(runs, top)).catch(() => {}); // others are in it
  if (existsSync(join(runs, top))) return;
  for (const kind of ['txt', 'jsonl']) await rm(join(runs, textsFolder, `${top}.${kind}`), { force: true });
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
  const { tasks } = requireStudio(service);
  const subject = copySubject(name, format);
  if (tasks.at(subject, 'quantize'))
    throw new InvalidOptionError('copy', 'must not be in the making', format);
  if (!(await removeQuantisedCopies(copiedPath(path), format)))
    throw new InvalidOptionError('copy', 'must be one that is there', format);
  await offerCopies(service, [name]);
  tasks.forget((task) => task.subject === subject);
  return Response.json({ model: name, copy: format });
}

/** A model that was trained here, or pulled. @throws InvalidOptionError */
async function ownModel(service: Service, name: string | undefined, own: OwnModels) {
  if (name === undefined) throw new InvalidOptionError('model', 'must be named, or a run', name);
  const place = resolve(requireStudio(service).root, (await modelFound(service, name, own)).path);
  const found = own.find((one) => resolve(one.path) === place);
  if (!found) throw new InvalidOptionError('model', 'must be one that was trained here, or pulled', name);
  return found;
}
