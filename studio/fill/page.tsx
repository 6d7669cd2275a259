import { useMemo } from 'preact/hooks';
import { writingGroups } from '../core/option-groups.ts';
import { proposalsIn } from '../core/stretches.ts';
import { visible } from '../../src/cli/terminal/visible.ts';
import type { PageProperties } from '../pages.ts';
import { learnDefaults, servedModel, useLoading } from '../parts/model-picker.tsx';
import { exampleFor } from '../parts/examples.ts';
import { hasMistake } from '../parts/field-input.tsx';
import { useServed } from '../parts/served.ts';
import { Doing, UndoButtons } from '../text/editor-parts.tsx';
import type { Proposal } from '../text/proposals.ts';
import { TextPage } from '../text/text-page.tsx';
import { TextSettings } from '../text/text-settings.tsx';
import { shownDefaults } from '../text/temperatures.ts';
import { useText } from '../text/use-text.ts';
import { Filler, withHole } from './filler.ts';
import { HoleRow } from './hole-row.tsx';

/** A text in which any selection becomes a hole, and a model writes what stands there. */
export default function Fill(properties: PageProperties) {
  const filler = useMemo(() => new Filler(), []);
  const { host, model, options, choose } = useText('fill', properties, filler, {
    read: (text, { holes }) => ({ text, holes: proposalsIn(holes, text).filter(({ length }) => length) }),
    example: (name) => withHole(exampleFor(name)),
    onModel: (old, name) => filler.exchange(exampleFor(old), exampleFor(name)),
  });
  const problem = useServed();
  useLoading();
  const chosen = servedModel(model.value);
  const fill = (holes: readonly Proposal[]) => {
    if (!hasMistake()) void filler.fill(holes, chosen, options.value).then(() => learnDefaults([chosen]));
  };
  const findOthers = (hole: Proposal) => {
    if (!hasMistake())
      void filler.findOthers([hole], chosen, options.value).then(() => learnDefaults([chosen]));
  };
  const holes = filler.proposals.value;
  const open = holes.filter((hole) => hole.text === undefined);
  const fillAll = () => fill(open.length > 0 ? open : holes);
  filler.onAction(fillAll);
  return (
    <TextPage
      title="Fill"
      says="Select words and make them a hole: the model writes what fits there, and all else stays as it is."
      host={host}
      tools={<Tools filler={filler} fillAll={fillAll} />}
      foot={<Foot filler={filler} />}
      problem={problem.value ?? filler.problem.value}
      found={<Holes filler={filler} fill={fill} findOthers={findOthers} model={model.value} />}
      settings={
        <TextSettings
          kind="infill"
          groups={writingGroups}
          model={model.value}
          defaults={shownDefaults(chosen?.defaults)}
          options={options}
          onModel={choose}
        />
      }
    />
  );
}

function Holes({
  filler,
  fill,
  findOthers,
  model,
}: {
  readonly filler: Filler;
  readonly fill: (holes: readonly Proposal[]) => void;
  readonly findOthers: (hole: Proposal) => void;
  readonly model: string | undefined;
}) {
  const holes = filler.proposals.value;
  const example = exampleFor(model);
  return (
    <>
      <h2>Holes</h2>
      {holes.length === 0 && (
        <p class="quiet">
          None.{' '}
          <button type="button" class="plain" onClick={() => void filler.take(withHole(example))}>
            Take the model’s example
          </button>
        </p>
      )}
      <ol class="pieces">
        {holes.map((hole, n) => (
          <HoleRow
            key={hole.id}
            filler={filler}
            hole={hole}
            name={`hole ${n + 1}`}
            fill={fill}
            findOthers={findOthers}
          />
        ))}
      </ol>
    </>
  );
}

/** How it stands, and else how holes are typed. */
function Foot({ filler: { doing, sent, news } }: { readonly filler: Filler }) {
  return (
    <>
      <Doing editor={{ doing }} said={sent.value} />
      {doing.value === '' && sent.value === '' && (
        <p class="quiet">
          Typed, a hole is <code>{'{{3}}'}</code> for three tokens, <code>{'{{4..24}}'}</code> for 4 to 24,{' '}
          <code>{'{{?}}'}</code> for any number.
        </p>
      )}
      <p class="hidden" aria-live="polite">
        {visible(news.value)}
      </p>
    </>
  );
}

/** What can be done with the holes. */
function Tools({ filler, fillAll }: { readonly filler: Filler; readonly fillAll: () => void }) {
  const holes = filler.proposals.value;
  const filled = holes.filter((hole) => hole.text !== undefined);
  const busy = filler.isBusy.value;
  return (
    <div class="row tools" role="toolbar" aria-label="Holes">
      <button type="button" disabled={busy} onClick={() => (filler.makeHole(), filler.focus())}>
        Make a hole <kbd aria-hidden="true">Alt H</kbd>
      </button>
      {busy ? (
        <button type="button" onClick={() => filler.stop()}>
          Stop <kbd aria-hidden="true">esc</kbd>
        </button>
      ) : (
        <button type="button" class="main" disabled={holes.length === 0} onClick={fillAll}>
          {filled.length > 0 && filled.length === holes.length ? 'Fill again' : 'Fill'}{' '}
          <kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      )}
      {filled.length > 1 && (
        <>
          <button type="button" disabled={busy} onClick={() => filler.accept(filled)}>
            Accept all
          </button>
          <button type="button" disabled={busy} onClick={() => filler.reject(filled)}>
            Reject all
          </button>
        </>
      )}
      <UndoButtons editor={filler} />
    </div>
  );
}
