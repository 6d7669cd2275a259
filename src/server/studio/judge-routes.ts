import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { flagsFor } from '../../base/options.ts';
import { scoredSamplerSchema } from '../../language-model/score-options.ts';
import { strategyNamed, strategyNames } from '../../sampling/strategy-table.ts';
import { limits } from '../http/limits.ts';
import { requireStudio, type Service } from '../http/service.ts';
import { pathOfModel } from './model-routes.ts';

export const judgeBody = z.strictObject({
  prompt: z.string().max(limits.textCharacters),
  text: z.string().min(1).max(limits.textCharacters).describe('what was written behind the prompt'),
  model: z.string().min(1).max(256).describe('the model that wrote it'),
  options: z.record(z.string(), z.unknown()).describe('how it was sampled'),
});

/** Texts that are judged lie in a folder of their own, as those of requests to train do. */
const folder = '.texts';

/**
 * Has a text judged by programs of their own: how likely an outside model finds it, and how likely it was for the model and the
 * strategy that wrote it, where that can be said.
 */
export async function judge(
  service: Service,
  { prompt, text, model, options }: z.output<typeof judgeBody>,
): Promise<Response> {
  const studio = requireStudio(service);
  const { tasks, root, runs } = studio;
  tasks.checkRoom();
  const sampler = samplerIn(options);
  const path = sampler && (await pathOfModel(service, 'model', model));
  const id = service.newId();
  const [whole, written] = [`${id}.txt`, `${id}-answer.txt`].map((name) => join(runs, folder, name));
  await mkdir(dirname(join(root, whole)), { recursive: true, mode: 0o700 });
  await writeFile(join(root, whole), prompt + text, { mode: 0o600 });
  await writeFile(join(root, written), text, { mode: 0o600 });
  const judged = tasks.start('judge', `text ${id}`, [whole, '--json']);
  if (!sampler) return Response.json({ judge: judged });
  const { strategy, ...others } = sampler;
  const asked = {
    file: written,
    prompt: prompt === '' ? undefined : prompt,
    model: path,
    samples: 8,
    sampler: strategy,
    ...others,
    json: true,
  };
  return Response.json({ judge: judged, score: tasks.start('score', `text ${id}`, flagsFor(asked)) });
}

/** What of the options has a part in how likely a text is; undefined where nothing can be said of it. */
function samplerIn(options: Readonly<Record<string, unknown>>) {
  const strategy = strategyNames.find((name) => name === (options.strategy ?? 'low-confidence'));
  if (strategy === undefined || strategyNamed(strategy).likelihood === 'none') return undefined;
  const known = Object.entries(options).filter(
    ([name]) => name in scoredSamplerSchema.shape && name !== 'cache' && name !== 'cacheRefresh',
  );
  const asked = { ...Object.fromEntries(known), strategy };
  const checked = scoredSamplerSchema.safeParse(asked);
  return checked.success ? { ...Object.fromEntries(known), strategy } : undefined;
}
