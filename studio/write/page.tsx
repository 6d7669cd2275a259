import { useEffect, useRef } from 'preact/hooks';
import { FirstSight } from '../first-sight/first-sight.tsx';
import type { PageProperties } from '../pages.ts';
import { Legend } from '../parts/legend.tsx';
import { useLoading } from '../parts/model-picker.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Desk } from './desk.ts';
import { Comparison } from './comparison.tsx';
import { nameOf } from './figures.tsx';
import { useKeys } from './keys.ts';
import { LaneView } from './lane-view.tsx';
import { TiedTransport } from './tied-transport.tsx';
import { PromptForm } from './prompt-form.tsx';
import { SettingsPanel } from './settings-panel.tsx';

/** Writes a text, or several at once, and shows how. */
export default function Write({ settings }: PageProperties) {
  const problem = useServed();
  const kept = useRef<Desk>();
  const desk = (kept.current ??= new Desk(settings, problem));
  useEffect(() => () => desk.dispose(), []);
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
        {!isOne && <Comparison desk={desk} />}
        {!isOne && <TiedTransport lanes={desk.lanes.value} />}
        {desk.isUntouched && !desk.causal.isAll ? (
          <FirstSight
            onWrite={desk.anyOrder && (() => void desk.writeInAnyOrder())}
            isWaiting={served !== undefined && !served.defaults}
          />
        ) : (
          <div class={isOne ? 'lanes' : 'lanes two'}>
            {desk.lanes.value.map((lane, index) => (
              <LaneView
                key={index}
                lane={lane}
                prompt={desk.prompt.value}
                name={isOne ? undefined : nameOf(index)}
                isTied={!isOne}
              />
            ))}
          </div>
        )}
        {(!isOne || desk.isUntouched) && <Legend />}
      </div>
    </form>
  );
}

function howItIsWritten({ causal }: Desk): string {
  if (causal.isAll)
    return 'This model is causal (autoregressive): it writes one token after another, from left to right, and none of them changes.';
  return `A text starts as blanks; each step fills in the words the model is surest of, anywhere or block by block.${
    causal.count > 0 ? ' A causal model, beside it, writes one token after another.' : ''
  }`;
}
