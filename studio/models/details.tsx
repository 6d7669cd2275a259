import { useSignal } from '@preact/signals';
import { bytesText } from '../../src/base/format-bytes.ts';
import { grouped } from '../../src/base/format-count.ts';
import { counted } from '../core/quantities.ts';
import { MakeCopy } from './copies.tsx';
import { FactList } from './fact-list.tsx';
import { diskBytes, type Inspection, type LocalModel, type Models } from './models.ts';

/** What else is known of a model, and another copy of it. */
export function Details({
  model,
  models,
  attempt,
}: {
  readonly model: LocalModel;
  readonly models: Models;
  /** Does something, and shows what went wrong. */
  readonly attempt: (action: () => Promise<unknown>) => Promise<void>;
}) {
  const inspection = useSignal<Inspection | undefined>(undefined);
  const inspect = async () => {
    inspection.value ??= (await models.inspect(model.name)).inspection;
  };
  const { name, problems, memoryBytes } = model;
  return (
    <details onToggle={({ currentTarget }) => currentTarget.open && void attempt(inspect)}>
      <summary>
        Details, quantising<span class="hidden"> of {name}</span>
      </summary>
      <Facts model={model} />
      {problems.length === 0 && memoryBytes?.f32 !== undefined && (
        <MakeCopy model={model} onMake={(format) => void attempt(() => models.quantise(model, format))} />
      )}
      {inspection.value ? <Inspected inspection={inspection.value} /> : <p class="quiet">Looking …</p>}
    </details>
  );
}

function Facts({ model }: { readonly model: LocalModel }) {
  const { activeParameters, memoryBytes, samplingMemory, stored, copies } = model;
  const rows: readonly (readonly [string, string | false | undefined])[] = [
    ['at work for each token', activeParameters !== undefined && `${counted(activeParameters)} parameters`],
    [
      'network',
      model.layers !== undefined &&
        `${model.layers} ${model.layers === 1 ? 'layer' : 'layers'}, width ${model.width}, ${model.attention}`,
    ],
    ['architecture', model.family],
    ['files on disk', stored && filesOf(model)],
    ['memory needed', memoryBytes && openedSizes(memoryBytes)],
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
    ...copies.map(({ format, path }) => [`folder of its ${format} copy`, path] as const),
  ];
  return <FactList look="facts-list" rows={rows} />;
}

/** What its files are, and what they take in all. */
function filesOf(model: LocalModel): string {
  const { stored = {}, sizeBytes, copies } = model;
  const weights = Object.values(stored).reduce((sum, bytes) => sum + bytes, 0);
  const parts = [
    `weights ${bytesText(weights)} (${Object.keys(stored).join(', ')})`,
    `tokenizer, texts and other files ${bytesText(sizeBytes - weights)}`,
    ...copies.map(({ format, bytes = 0 }) => `${format} copy ${bytesText(bytes)}`),
  ];
  return `${parts.join(' + ')} = ${bytesText(diskBytes(model))}`;
}

/** What its weights take while it is open, as they are and as copies. */
function openedSizes(memoryBytes: Readonly<Record<string, number>>): string {
  const [usual, ...others] = Object.entries(memoryBytes);
  const copies = others.length > 0 ? `; as copies ${sizesOf(Object.fromEntries(others))}` : '';
  return `its weights ${sizesOf(Object.fromEntries([usual]))} when open${copies}`;
}

/** Bytes by format, in words. */
const sizesOf = (bytes: Readonly<Record<string, number>>): string =>
  Object.entries(bytes)
    .map(([format, count]) => `${format} ${bytesText(count)}`)
    .join(', ');

/** All that `unmask inspect` says: as a list, and as it says it. */
function Inspected({ inspection }: { readonly inspection: Inspection }) {
  const plain = Object.entries(inspection)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => [name, String(value)] as const);
  return (
    <details>
      <summary title="As unmask inspect says it">All that is known of it</summary>
      <FactList look="facts-list" rows={plain} />
      <pre class="sample" role="group" tabIndex={0} aria-label="Inspection as JSON">
        {JSON.stringify(inspection, undefined, 2)}
      </pre>
    </details>
  );
}
