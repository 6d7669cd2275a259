import { useSignal } from '@preact/signals';
import { bytesText } from '../../src/cli/terminal/transfer-view.ts';
import { grouped } from '../../src/base/format-count.ts';
import { counted } from '../core/quantities.ts';
import { DeleteButton } from '../parts/delete-button.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { Copies } from './copies.tsx';
import type { Inspection, LocalModel, Models } from './models.ts';

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
  /** Opens a page with it. */
  readonly onUse: (page: Use) => Promise<void>;
}) {
  const problem = useSignal<unknown>(undefined);
  const inspection = useSignal<Inspection | undefined>(undefined);
  const attempt = async (action: () => Promise<unknown>) => {
    problem.value = undefined;
    try {
      await action();
    } catch (error) {
      problem.value = error;
    }
  };
  const inspect = async () => {
    inspection.value ??= (await models.inspect(model.name)).inspection;
  };
  const { name, problems, memoryBytes } = model;
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
      <div class="row uses">
        <Uses model={model} onUse={(use) => void attempt(() => onUse(use))} />
        {(model.source === 'run' || model.source === 'hub') && (
          <DeleteButton name={name} onDelete={() => void attempt(() => models.remove(model))} />
        )}
      </div>
      <details onToggle={({ currentTarget }) => currentTarget.open && void attempt(inspect)}>
        <summary>
          Details, quantising<span class="hidden"> of {name}</span>
        </summary>
        <Facts model={model} />
        {problems.length === 0 && memoryBytes?.f32 !== undefined && (
          <Copies
            model={model}
            onMake={(format) => void attempt(() => models.quantise(model, format))}
            onDelete={(format) => void attempt(() => models.removeCopy(model, format))}
          />
        )}
        {inspection.value ? <Inspected inspection={inspection.value} /> : <p class="quiet">Looking …</p>}
      </details>
    </li>
  );
}

const verbs: Readonly<Record<Use, string>> = { chat: 'Chat', write: 'Write', fill: 'Fill', edit: 'Edit' };

/** What models that ship are best at, where that is not the first that one would try. */
const best: Readonly<Record<string, { readonly use: Use; readonly says: string }>> = {
  typescript: { use: 'fill', says: 'Fill' },
  'sudoku-4': { use: 'chat', says: 'Solve a puzzle' },
};

/** What a model can do here, the best first: none that sees the left alone fills a hole or mends what stands. */
function usesOf({ name, problems, hasChatTemplate, attention }: LocalModel): readonly Use[] {
  if (problems.length > 0) return [];
  const both: readonly Use[] = attention === 'causal' ? [] : ['fill', 'edit'];
  const uses: readonly Use[] = [...(hasChatTemplate ? (['chat'] as const) : []), 'write', ...both];
  const first = best[name]?.use ?? uses[0];
  return [first, ...uses.filter((use) => use !== first)];
}

function Uses({ model, onUse }: { readonly model: LocalModel; readonly onUse: (use: Use) => void }) {
  return (
    <>
      {usesOf(model).map((use, n) => {
        const says = n === 0 ? (best[model.name]?.says ?? verbs[use]) : verbs[use];
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
            <span key={word} class="tag" title={word === 'ready' ? 'The other pages offer it' : undefined}>
              {word}
            </span>
          ),
      )}
      {state === 'loaded' && <span class="tag now">in memory</span>}
    </span>
  );
}

/** What one asks first. */
function Figures({
  model: { parameters, maxLength, sizeBytes, memoryBytes, licence },
}: {
  readonly model: LocalModel;
}) {
  const figures: readonly (readonly [string, string | false | undefined])[] = [
    ['parameters', parameters !== undefined && counted(parameters)],
    ['longest text', maxLength !== undefined && `${grouped(maxLength)} tokens`],
    ['on disk', sizeBytes > 0 && bytesText(sizeBytes)],
    ['memory needed', memoryBytes?.f32 !== undefined && bytesText(memoryBytes.f32)],
    ['licence', licence ?? 'none named'],
  ];
  return (
    <dl class="figures">
      {figures.map(
        ([name, value]) =>
          typeof value === 'string' && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
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

function Facts({ model }: { readonly model: LocalModel }) {
  const { activeParameters, memoryBytes, samplingMemory, stored } = model;
  const rows: readonly (readonly [string, string | false | undefined])[] = [
    ['at work for each token', activeParameters !== undefined && `${counted(activeParameters)} parameters`],
    [
      'network',
      model.layers !== undefined &&
        `${model.layers} ${model.layers === 1 ? 'layer' : 'layers'}, width ${model.width}, ${model.attention}`,
    ],
    ['architecture', model.family],
    ['numbers in its files', stored && Object.keys(stored).join(', ')],
    [
      'memory of its weights',
      memoryBytes &&
        Object.entries(memoryBytes)
          .map(([format, bytes]) => `${format} ${bytesText(bytes)}`)
          .join(', '),
    ],
    [
      'memory while it writes',
      samplingMemory &&
        `about ${bytesText(samplingMemory.bytes)} more for ${grouped(samplingMemory.length)} tokens`,
    ],
    [
      'chat',
      model.hasChatTemplate === undefined
        ? undefined
        : model.hasChatTemplate
          ? 'answers in turns: it has a chat template'
          : 'goes on with texts: it has no chat template',
    ],
    ['folder', model.path],
  ];
  return (
    <dl class="facts-list">
      {rows.map(
        ([name, value]) =>
          typeof value === 'string' && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** All that `unmask inspect` says: as a list, and as it says it. */
function Inspected({ inspection }: { readonly inspection: Inspection }) {
  const plain = Object.entries(inspection).filter(([, value]) => typeof value !== 'object');
  return (
    <details>
      <summary>All that is known of it (unmask inspect)</summary>
      <dl class="facts-list">
        {plain.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
      </dl>
      <pre class="sample" role="group" tabIndex={0} aria-label="Inspection as JSON">
        {JSON.stringify(inspection, undefined, 2)}
      </pre>
    </details>
  );
}
