import { Worker } from 'node:worker_threads';
import { withTrainedBlocks } from '../../model-files/generation-defaults.ts';
import type { Inspection } from '../../model-files/inspect-model.ts';
import { abilitiesOf } from '../http/abilities.ts';

/** What a look at a model found: what it is, or why that can't be known. */
export type Look = { readonly inspection: Inspection } | { readonly problem: string };

/** A model as it is looked at. */
export interface Looked {
  readonly path: string;
  readonly modified: Date;
}

/** From the thread that looks at models. */
export interface LookReport {
  readonly path: string;
  readonly look: Look;
}

/**
 * Looks at models on a thread of its own, for what they bring along may be large, or not what it says. What was found is
 * remembered until the model's files change.
 */
export class Inspector {
  readonly #looks = new Map<string, { readonly modifiedMs: number; readonly look: Promise<Look> }>();

  async inspect(models: readonly Looked[]): Promise<Look[]> {
    const paths = new Set(models.map(({ path }) => path));
    const isKnown = ({ path, modified }: Looked): boolean =>
      this.#looks.get(path)?.modifiedMs === modified.getTime();
    const unknown = models.filter((model) => !isKnown(model));
    const looking = unknown.length > 0 ? lookAt([...new Set(unknown.map(({ path }) => path))]) : undefined;
    for (const { path, modified } of unknown) {
      const look = looking!.then((looks) => {
        const found = looks.get(path);
        if (found) return found;
        this.#looks.delete(path); // the thread died of another model, perhaps
        return { problem: 'it could not be looked at' };
      });
      this.#looks.set(path, { modifiedMs: modified.getTime(), look });
    }
    return Promise.all(models.map(({ path }) => this.#looks.get(path)!.look)).finally(() =>
      this.#forget(paths),
    );
  }

  /** What a model can do, as its files say; undefined where they don't. */
  async abilitiesOf(model: Looked): Promise<object | undefined> {
    const [look] = await this.inspect([model]);
    if ('problem' in look || look.inspection.attention === undefined) return undefined;
    const { attention, maxLength, chatTemplate, blockLength, defaults, presets } = look.inspection;
    return abilitiesOf({
      maxLength,
      hasChatTemplate: chatTemplate !== undefined,
      isCausal: attention === 'causal',
      readsWhole: attention === 'bidirectional',
      defaults: withTrainedBlocks(blockLength, defaults),
      presets,
    });
  }

  /** What nobody asks for among many is let go of, so that models that come and go take no memory. */
  #forget(wanted: ReadonlySet<string>): void {
    const others = [...this.#looks.keys()].filter((path) => !wanted.has(path));
    for (const path of others.slice(0, -100)) this.#looks.delete(path);
  }
}

function lookAt(paths: readonly string[]): Promise<Map<string, Look>> {
  return new Promise((resolve) => {
    const looks = new Map<string, Look>();
    const worker = new Worker(new URL('./inspection-worker.js', import.meta.url), { workerData: paths });
    worker.on('message', ({ path, look }: LookReport) => looks.set(path, look));
    worker.on('error', () => {}); // those that it had not come to are missing
    worker.on('exit', () => resolve(looks));
  });
}
