import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { flagsFor } from '../../base/options.ts';
import { limits } from '../http/limits.ts';
import { requireStudio, type Service } from '../http/service.ts';
import { pathOfModel } from './found-models.ts';
import { type SamplerOfText, samplerOfText } from './sampler-of-text.ts';
import { textsFolder } from './training-routes.ts';

/** A text that is to be judged, and how it was written. */
export const judgeBody = z.strictObject({
  prompt: z.string().max(limits.textCharacters),
  text: z.string().min(1).max(limits.textCharacters).describe('what was written behind the prompt'),
  model: z.string().min(1).max(256).describe('the model that wrote it'),
  options: z.record(z.string(), z.unknown()).describe('how it was sampled'),
});

/**
 * Has a text judged by programs of their own: how likely an outside model finds it, and how likely it was for the model and the
 * sampler that wrote it, or why that can't be said. The text is kept until they are over.
 *
 * @throws HttpError 429 or 503  when not all of them may begin
 */
export async function judge(
  service: Service,
  { prompt, text, model, options }: z.output<typeof judgeBody>,
): Promise<Response> {
  const { tasks, root, runs } = requireStudio(service);
  const writtenBy = samplerIn(service, model, options);
  const path = 'sampler' in writtenBy ? await pathOfModel(service, 'model', model) : undefined;
  const id = service.newId();
  const file = join(runs, textsFolder, `${id}.txt`);
  const place = resolve(root, file);
  const started: string[] = [];
  const start = (kind: 'judge' | 'score', flags: readonly string[]) => {
    const task = tasks.start(kind, `text ${id}`, flags);
    started.push(task.id);
    return task;
  };
  try {
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await writeFile(place, text, { mode: 0o600 });
    // nothing is waited for from here on, so that there is room for both
    tasks.checkRoom('sampler' in writtenBy ? 2 : 1);
    const judged = start('judge', [file, '--json']);
    if (!('sampler' in writtenBy)) return Response.json({ judge: judged, unscored: writtenBy.reason });
    const { strategy, ...others } = writtenBy.sampler;
    const asked = {
      file,
      prompt: prompt === '' ? undefined : prompt,
      model: path,
      samples: 8,
      sampler: strategy,
      ...others,
      json: true,
    };
    const scored = start('score', flagsFor(asked));
    return Response.json({ judge: judged, score: scored, length: writtenBy.length });
  } finally {
    void Promise.all(started.map((task) => tasks.whenOver(task))).then(() => rm(place, { force: true }));
  }
}

/** What wrote it, as far as the model is known. */
function samplerIn(
  service: Service,
  model: string,
  options: Readonly<Record<string, unknown>>,
): SamplerOfText {
  const facts = service.models.has(model) ? service.engine.status(model).facts : undefined;
  return facts
    ? samplerOfText(options, facts)
    : {
        reason: 'the model that wrote it is not loaded here; write with it, which loads it, and judge again',
      };
}
