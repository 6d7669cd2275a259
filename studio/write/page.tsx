import { useEffect, useMemo } from 'preact/hooks';
import type { Signal } from '@preact/signals';
import { FirstSight } from '../first-sight/first-sight.tsx';
import type { PageProperties } from '../pages.ts';
import { lastFrameOf } from '../core/recording-file.ts';
import { draftOf, keepDraft } from '../parts/draft.ts';
import { useFollowed } from '../parts/kept-page.tsx';
import { Legend } from '../parts/legend.tsx';
import { useLoading } from '../parts/model-picker.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Beside } from './beside.tsx';
import { Desk } from './desk.ts';
import { Comparison } from './comparison.tsx';
import { nameOf } from './figures.tsx';
import { useKeys } from './keys.ts';
import { LaneView } from './lane-view.tsx';
import { TiedTransport } from './tied-transport.tsx';
import { PromptForm } from './prompt-form.tsx';
import { SettingsPanel } from './settings-panel.tsx';

/** Writes a text, or several at once, and shows how. */
export default function Write({ settings, isNew }: PageProperties) {
  const problem = useServed();
  const desk = useMemo(() => deskFor(settings, isNew, problem), []);
  useFollowed(settings, (link) => desk.follow(link));
  useLoading();
  useKeys(desk.lanes, () => desk.stop());

  const isOne = !desk.isComparing;
  const [{ served }] = desk.lanes.value;
  useEffect(() => desk.settle(), [desk, served?.id]);
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        void desk.write();
      }}
    >
      <div class="intro">
        <h1>Write</h1>
        <p class="quiet">{howItIsWritten(desk)}</p>
      </div>
      <PromptForm desk={desk} />
      <SettingsPanel desk={desk} />
      <div class="work">
        <Trouble error={problem.value} />
        {desk.before.value && (
          <p class="help">
            {desk.before.value.says}{' '}
            <button type="button" class="plain" onClick={() => desk.putBack()}>
              {desk.before.value.button}
            </button>
          </p>
        )}
        {!isOne && <Comparison desk={desk} />}
        {!isOne && <TiedTransport lanes={desk.lanes.value} />}
        {desk.isUntouched && !desk.causal.isAll ? (
          <FirstSight
            onWrite={desk.anyOrder && (() => void desk.writeInAnyOrder())}
            isWaiting={served !== undefined && !served.defaults}
          />
        ) : (
          <Lanes desk={desk} />
        )}
        {(!isOne || desk.isUntouched) && <Legend />}
      </div>
    </form>
  );
}

/** The runs beside each other. */
function Lanes({ desk }: { readonly desk: Desk }) {
  const isOne = !desk.isComparing;
  return (
    <div class={isOne ? 'lanes' : 'lanes two'}>
      {desk.lanes.value.map((lane, index) => (
        <LaneView
          key={index}
          lane={lane}
          prompt={desk.prompt.value}
          name={isOne ? undefined : nameOf(index)}
          isTied={!isOne}
          onLeaveLength={() => void desk.leaveLength(lane)}
          instead={index > 0 && !lane.asked.value ? <Beside desk={desk} lane={lane} /> : undefined}
        />
      ))}
    </div>
  );
}

function howItIsWritten({ causal }: Desk): string {
  if (causal.isAll)
    return 'This model is causal (autoregressive): it writes one token after another, from left to right, and none of them changes.';
  return `A text starts as blanks; each step fills in the words the model is surest of, anywhere or block by block.${
    causal.count > 0 ? ' A causal model, beside it, writes one token after another.' : ''
  }`;
}

/** As it was when the tab was loaded last, then as a new link asks for. */
function deskFor(link: PageProperties['settings'], isNew: boolean, problem: Signal<unknown>): Desk {
  const draft = draftOf('write');
  const isDrafted = Object.keys(draft).length > 0;
  const desk = new Desk(isDrafted ? draft : link, problem);
  desk.recall(draft);
  if (isDrafted && isNew && Object.keys(link).length > 0) desk.follow(link);
  keepDraft(
    'write',
    () => desk.draft((run) => run),
    () => desk.draft(lastFrameOf),
  );
  return desk;
}
