import { visible } from '../../src/cli/terminal/visible.ts';
import type { WantedLength } from '../core/filling.ts';
import type { Proposal } from '../text/proposals.ts';
import type { Filler } from './filler.ts';
import { LengthField } from './length-field.tsx';
import { Others, OthersButton } from '../text/editor-parts.tsx';
import { retryTemperature } from '../text/temperatures.ts';

interface RowProperties {
  readonly filler: Filler;
  readonly hole: Proposal;
  readonly name: string;
  readonly fill: (holes: readonly Proposal[]) => void;
  readonly findOthers: (hole: Proposal) => void;
}

/** A hole in the list: what stood there and what is written, how long it is, and what can be done with it. */
export function HoleRow(properties: RowProperties) {
  const { filler, hole, name, fill } = properties;
  const busy = filler.isBusy.value;
  const old = filler.slice(hole).trim();
  const isFilled = hole.text !== undefined;
  /** A hole that is filled is so again. */
  const setLength = (length: WantedLength) =>
    isFilled ? fill([{ ...hole, length }]) : filler.setLength(hole, length);
  const lengthField = <LengthField hole={hole} name={name} old={old} busy={busy} onChange={setLength} />;
  return (
    <li>
      <p class="old-and-new">
        {old === '' ? <span class="quiet">(new text)</span> : <span>“{visible(old)}”</span>}
        {isFilled && (
          <>
            {' → '}“<strong>{visible(hole.text!.trim())}</strong>”
          </>
        )}
      </p>
      <div class="row">
        {!isFilled && lengthField}
        {isFilled && <Answers {...properties} />}
        <button type="button" disabled={busy} onClick={() => filler.reject([hole])}>
          {isFilled ? 'Reject' : 'Remove'}
          <span class="hidden"> {name}</span>
        </button>
        {isFilled && lengthField}
      </div>
      {isFilled && <Others editor={filler} proposal={hole} name={name} />}
    </li>
  );
}

/** What may be done with what was written, beside rejecting it. */
function Answers({ filler, hole, name, fill, findOthers }: RowProperties) {
  const busy = filler.isBusy.value;
  return (
    <>
      <button type="button" disabled={busy} onClick={() => filler.accept([hole])}>
        Accept<span class="hidden"> {name}</span>
      </button>
      <button
        type="button"
        disabled={busy}
        title={`another one, at temperature ${retryTemperature} unless you set it`}
        onClick={() => fill([hole])}
      >
        Retry<span class="hidden"> {name}</span>
      </button>
      <OthersButton editor={filler} name={name} onClick={() => findOthers(hole)} />
    </>
  );
}
