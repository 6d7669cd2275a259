import { useMemo } from 'preact/hooks';
import { doubtLevels, likelihood } from '../core/doubt.ts';
import { editingGroups } from '../core/option-groups.ts';
import { doubtsIn, overlap, proposalsIn, stretchesIn } from '../core/stretches.ts';
import { visible } from '../../src/cli/terminal/visible.ts';
import type { PageProperties } from '../pages.ts';
import { learnDefaults, servedModel, useLoading } from '../parts/model-picker.tsx';
import { hasMistake } from '../parts/field-input.tsx';
import { useServed } from '../parts/served.ts';
import { Doing, Others, OthersButton, UndoButtons } from '../text/editor-parts.tsx';
import type { Proposal } from '../text/proposals.ts';
import { TextPage } from '../text/text-page.tsx';
import { TextSettings } from '../text/text-settings.tsx';
import { useText } from '../text/use-text.ts';
import { nothingSuggested, Rewriter } from './rewriter.ts';

const sample = `Once upon a time there was a little dog named Max. He liked to runs in the park with his friends.
One day Max saw a big banana in the tree. It was very scared and could not come down.
Max barked purple, and a kind man helped the cat.
`;

/** The least likely words are listed up to so many. */
const maxListed = 12;

/** A text, where a model doubts it, and what it would write instead. */
export default function Edit(properties: PageProperties) {
  const rewriter = useMemo(() => new Rewriter(), []);
  const { host, model, options, choose } = useText('edit', properties, rewriter, {
    read: (text, { marks, doubts, proposals }) => ({
      text,
      marks: stretchesIn(marks, text),
      doubts: doubtsIn(doubts, text),
      proposals: proposalsIn(proposals, text).filter((one) => one.text !== undefined),
    }),
    example: () => ({ text: sample }),
  });
  const problem = useServed();
  useLoading();
  const chosen = servedModel(model.value);
  const asking = (ask: () => Promise<void>) => {
    if (!hasMistake()) void ask().then(() => learnDefaults([chosen]));
  };
  const rewrite = () => asking(() => rewriter.rewrite(chosen, options.value));
  const findOthers = (place: Place) => asking(() => rewriter.suggestOthers(place, chosen, options.value));
  rewriter.onAction(rewrite);
  return (
    <TextPage
      title="Edit"
      says="The model marks what it finds unlikely and suggests other words; you accept or reject each."
      host={host}
      tools={<Tools rewriter={rewriter} model={chosen?.id} rewrite={rewrite} />}
      foot={<Foot rewriter={rewriter} />}
      problem={problem.value ?? rewriter.problem.value}
      found={
        <>
          <FirstStep rewriter={rewriter} />
          <Proposals rewriter={rewriter} findOthers={findOthers} />
          <Doubts rewriter={rewriter} findOthers={findOthers} />
        </>
      }
      settings={
        <TextSettings
          kind="edit"
          groups={editingGroups}
          model={model.value}
          defaults={chosen?.defaults ?? 'unknown'}
          options={options}
          onModel={choose}
        />
      }
    />
  );
}

/** How it stands, and what the colours mean. */
function Foot({ rewriter }: { readonly rewriter: Rewriter }) {
  const news = visible(rewriter.news.value);
  return (
    <>
      <Doing editor={rewriter} />
      <p class="news" aria-live="polite" title={news}>
        {news}
      </p>
      <p class="doubt-legend" aria-hidden="true">
        how likely, given the rest:
        {doubtLevels.map(({ look, name }) => (
          <span key={look} class={`token final ${look}`}>
            {name}
          </span>
        ))}
      </p>
    </>
  );
}

/** Says what will stand here, while nothing does, or why nothing is suggested. */
function FirstStep({ rewriter: { doubts, proposals, news, reason } }: { readonly rewriter: Rewriter }) {
  if (news.value === nothingSuggested)
    return (
      <>
        <h2>Suggested changes</h2>
        <p class="first-step">{visible(reason.value)}</p>
      </>
    );
  if (doubts.value.length + proposals.value.length > 0) return null;
  return (
    <>
      <h2>Unlikely words, suggestions</h2>
      <p class="quiet first-step">
        None yet. Check lists what is unlikely; Suggest changes lists what the model would write.
      </p>
    </>
  );
}

/** What can be done with the text. */
function Tools({
  rewriter,
  model,
  rewrite,
}: {
  readonly rewriter: Rewriter;
  readonly model: string | undefined;
  readonly rewrite: () => void;
}) {
  const busy = rewriter.isBusy.value;
  const marks = rewriter.marks.value;
  return (
    <div class="row tools" role="toolbar" aria-label="Editing">
      <button type="button" disabled={busy} onClick={() => void rewriter.read(model)}>
        Check
      </button>
      <button type="button" disabled={busy} onClick={() => (rewriter.mark(), rewriter.focus())}>
        Mark <kbd aria-hidden="true">Alt M</kbd>
      </button>
      {marks.length > 0 && (
        <button type="button" disabled={busy} onClick={() => rewriter.unmark()}>
          Unmark all
        </button>
      )}
      {busy ? (
        <button type="button" onClick={() => rewriter.stop()}>
          Stop <kbd aria-hidden="true">esc</kbd>
        </button>
      ) : (
        <button type="button" class="main" onClick={rewrite}>
          {marks.length > 0 ? 'Suggest for what is marked' : 'Suggest changes'}{' '}
          <kbd aria-hidden="true">Ctrl ↵</kbd>
        </button>
      )}
      <UndoButtons editor={rewriter} />
    </div>
  );
}

interface FoundProperties {
  readonly rewriter: Rewriter;
  readonly findOthers: (place: Place) => void;
}

type Place = Pick<Proposal, 'from' | 'to'>;

/** What the model would write instead, to be accepted or rejected. */
function Proposals({ rewriter, findOthers }: FoundProperties) {
  const busy = rewriter.isBusy.value;
  const proposals = rewriter.proposals.value.filter((one) => one.text !== undefined);
  if (proposals.length === 0) return null;
  return (
    <>
      <h2>Suggested changes</h2>
      <div class="row">
        <button type="button" disabled={busy} onClick={() => rewriter.accept(proposals)}>
          Accept all
        </button>
        <button type="button" disabled={busy} onClick={() => rewriter.reject(proposals)}>
          Reject all
        </button>
      </div>
      <ol class="pieces">
        {proposals.map((one, n) => (
          <li key={one.id}>
            <p class="old-and-new">
              {one.from < one.to && <del>{visible(rewriter.slice(one))}</del>}{' '}
              {one.text !== '' && <ins>{visible(one.text!)}</ins>}
            </p>
            <div class="row">
              <button type="button" disabled={busy} onClick={() => rewriter.accept([one])}>
                Accept<span class="hidden"> change {n + 1}</span>
              </button>
              <button type="button" disabled={busy} onClick={() => rewriter.reject([one])}>
                Reject<span class="hidden"> change {n + 1}</span>
              </button>
              <OthersButton editor={rewriter} name={`change ${n + 1}`} onClick={() => findOthers(one)} />
            </div>
            <Others editor={rewriter} proposal={one} name={`change ${n + 1}`} />
          </li>
        ))}
      </ol>
    </>
  );
}

/** The least likely words, from the least likely on: what the colours say, for those who don't see them. */
function Doubts({ rewriter, findOthers }: FoundProperties) {
  const doubts = rewriter.doubts.value;
  if (doubts.length === 0) return null;
  const busy = rewriter.isBusy.value;
  const hasChange = (word: Place) => rewriter.proposals.value.some((one) => overlap(one, word));
  const unlikely = doubts.filter(({ look }) => look !== '');
  const unlikeliest = unlikely.toSorted((a, b) => a.probability - b.probability).slice(0, maxListed);
  return (
    <>
      <h2>Least likely</h2>
      {unlikeliest.length === 0 && <p class="quiet">Each word has 1 % and more.</p>}
      <ol class="pieces doubts">
        {unlikeliest.map((word) => (
          <li key={word.from} class="row">
            <span>
              <span class="quiet">{visible(rewriter.wordBefore(word))}</span>
              <span class={`token final ${word.look}`}>{visible(rewriter.slice(word))}</span>
            </span>
            <span class="quiet">{likelihood(word.probability)}</span>
            {word.left && !hasChange(word) && <span class="quiet why">{visible(word.left)}</span>}
            <span class="row">
              <button type="button" disabled={busy} onClick={() => rewriter.mark(word)}>
                {rewriter.marks.value.some((mark) => overlap(mark, word)) ? 'Unmark' : 'Mark'}
                <span class="hidden"> {visible(rewriter.slice(word))}</span>
              </button>
              <OthersButton
                editor={rewriter}
                name={visible(rewriter.slice(word))}
                onClick={() => findOthers(word)}
              />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
