import { useEffect, useRef } from 'preact/hooks';
import type { PageProperties } from '../pages.ts';
import { useLoading } from '../parts/model-picker.tsx';
import { useServed } from '../parts/served.ts';
import { Trouble } from '../parts/trouble.tsx';
import { Desk } from './desk.ts';
import { Comparison, nameOf } from './figures.tsx';
import { useKeys } from './keys.ts';
import { LaneView } from './lane-view.tsx';
import { Legend } from './legend.tsx';
import { PromptForm } from './prompt-form.tsx';
import { SettingsPanel } from './settings-panel.tsx';

/** Writes a text, or two at once, and shows how. */
export default function Write({ settings }: PageProperties) {
  const problem = useServed();
  const kept = useRef<Desk>();
  const desk = (kept.current ??= new Desk(settings, problem));
  useEffect(() => () => desk.dispose(), []);
  useLoading();
  useKeys(desk.lanes, () => desk.stop());

  const isOne = !desk.isComparing;
  return (
    <form
      class="write"
      onSubmit={(event) => {
        event.preventDefault();
        void desk.write();
      }}
    >
      <h1 class="hidden">Write</h1>
      <PromptForm desk={desk} />
      <SettingsPanel desk={desk} />
      <div class="work">
        <Trouble error={problem.value} />
        {!isOne && <Comparison lanes={desk.lanes.value} />}
        <Legend />
        <div class={isOne ? 'lanes' : 'lanes two'}>
          {desk.lanes.value.map((lane, index) => (
            <LaneView
              key={index}
              lane={lane}
              prompt={desk.prompt.value}
              name={isOne ? undefined : nameOf(index)}
            />
          ))}
        </div>
      </div>
    </form>
  );
}
