import { useSignal } from '@preact/signals';
import { bytesText } from '../../src/base/format-bytes.ts';
import { grouped } from '../../src/base/format-count.ts';
import { counted } from '../core/quantities.ts';
import { DeleteButton } from '../parts/delete-button.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Copies } from './copies.tsx';
import { Details } from './details.tsx';
import { FactList } from './fact-list.tsx';
import { diskBytes, type LocalModel, type Models, type QuantisedCopy } from './models.ts';

const sources: Readonly<Record<LocalModel['source'], string>> = {
  served: 'ready',
  shipped: 'ships with unmask',
  run: 'trained here',
  hub: 'from the hub',
};

/** Pages that a model may be opened in. */
export type Use = 'chat' | 'write' | 'fill' | 'edit';

/** A model: what it is, what it takes, and what can be done with it. */
export function ModelCard({
  model,
  models,
  onUse,
}: {
  readonly model: LocalModel;
  readonly models: Models;
  /** Opens a page with it, or with a copy of it. */
  readonly onUse: (page: Use, model: LocalModel | QuantisedCopy) => Promise<void>;
}) {
  const problem = useSignal<unknown>(undefined);
  const attempt = async (action: () => Promise<unknown>) => {
    problem.value = undefined;
    try {
      await action();
    } catch (error) {
      problem.value = error;
    }
  };
  const { name } = model;
  const [first]: readonly (Use | undefined)[] = usesOf(model);
  return (
    <li class="panel model">
      <div class="model-head">
        <h2>{name}</h2>
        <Where model={model} />
      </div>
      <div>
        <Purpose model={model} />
        <Trouble error={problem.value} />
      </div>
      <Figures model={model} />
      <div>
        <div class="row uses">
          <Uses model={model} onUse={(use) => void attempt(() => onUse(use, model))} />
          {(model.source === 'run' || model.source === 'hub') && (
            <DeleteButton name={name} onDelete={() => void attempt(() => models.remove(model))} />
          )}
        </div>
        <Copies
          model={model}
          use={first && saysOf(model, first)}
          onUse={(copy) => void attempt(() => onUse(first!, copy))}
          onDelete={(format) => void attempt(() => models.removeCopy(model, format))}
        />
      </div>
      <Details model={model} models={models} attempt={attempt} />
    </li>
  );
}

const verbs: Readonly<Record<Use, string>> = { chat: 'Chat', write: 'Write', fill: 'Fill', edit: 'Edit' };

/** What models that ship are best at, where that is not the first that one would try. */
const best: Readonly<Record<string, { readonly use: Use; readonly says: string }>> = {
  typescript: { use: 'fill', says: 'Fill' },
  'sudoku-4': { use: 'chat', says: 'Solve a puzzle' },
  paths: { use: 'chat', says: 'Find a way' },
};

/** What a model can do here, the best first: none that sees the left alone fills a hole or mends what stands. */
function usesOf({ name, problems, hasChatTemplate, attention }: LocalModel): readonly Use[] {
  if (problems.length > 0) return [];
  const both: readonly Use[] = attention === 'causal' ? [] : ['fill', 'edit'];
  const uses: readonly Use[] = [...(hasChatTemplate ? (['chat'] as const) : []), 'write', ...both];
  const first = best[name]?.use ?? uses[0];
  return [first, ...uses.filter((use) => use !== first)];
}

/** What the button says that opens a model for its first use. */
const saysOf = ({ name }: LocalModel, first: Use): string => best[name]?.says ?? verbs[first];

function Uses({ model, onUse }: { readonly model: LocalModel; readonly onUse: (use: Use) => void }) {
  return (
    <>
      {usesOf(model).map((use, n) => {
        const says = n === 0 ? saysOf(model, use) : verbs[use];
        return (
          <button
            key={use}
            type="button"
            class={n === 0 ? 'main' : ''}
            aria-label={`${says} with it: ${model.name}`}
            onClick={() => onUse(use)}
          >
            {says}
          </button>
        );
      })}
    </>
  );
}

/** Where it is from, and whether it is in memory. */
function Where({ model: { source, isServed, state } }: { readonly model: LocalModel }) {
  const said = [
    sources[source],
    isServed && source !== 'served' && 'ready',
    state === 'loading' && 'being loaded',
  ];
  return (
    <span class="where-from">
      {said.map(
        (word) =>
          word !== false && (
            <span
              key={word}
              class="tag"
              title={
                word === 'ready' ? 'The other pages offer it; it is loaded when it is first used' : undefined
              }
            >
              {word}
            </span>
          ),
      )}
      {state === 'loaded' && (
        <span class="tag now" title="It is loaded, and answers at once">
          in memory
        </span>
      )}
    </span>
  );
}

/** What one asks first. */
function Figures({ model }: { readonly model: LocalModel }) {
  const { parameters, maxLength, memoryBytes, licence } = model;
  const figures: readonly (readonly [string, string | false | undefined])[] = [
    ['parameters', parameters !== undefined && counted(parameters)],
    ['longest text', maxLength !== undefined && `${grouped(maxLength)} tokens`],
    ['files on disk', diskBytes(model) > 0 && bytesText(diskBytes(model))],
    ['memory needed', memoryBytes && bytesText(Object.values(memoryBytes)[0])],
    ['licence', licence ?? 'none named'],
  ];
  return <FactList look="figures" rows={figures} />;
}

/** What it is for, and why it does not run here, where it doesn't. */
function Purpose({ model }: { readonly model: LocalModel }) {
  const { about, problems } = model;
  return (
    <>
      <p class="purpose">{about === undefined ? purposeOf(model) : uncounted(about)}</p>
      {problems.length > 0 && (
        <div class="trouble">
          It does not run here.
          <ul>
            {problems.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** The words of a card without the number of parameters, which stands among the figures. */
const uncounted = (about: string): string => about.replace(/ of [\d.,]+(?: [mb]illion)? parameters/, '');

/** What it can be used for. */
function purposeOf({ attention, hasChatTemplate, problems, maxLength = 0 }: LocalModel): string {
  if (problems.length > 0) return '';
  const length = `up to ${grouped(maxLength)} tokens`;
  const words =
    maxLength < 100 ? length : `${length}, about ${grouped(Math.round((0.7 * maxLength) / 10) * 10)} words`;
  if (attention === 'causal')
    return `Writes from left to right, ${words}: to compare with, or to judge texts.`;
  if (hasChatTemplate) return `Answers in a chat; fills holes and edits; ${words}.`;
  return `Goes on with a text, fills holes, edits; ${words}.`;
}
