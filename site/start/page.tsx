import { useEffect, useRef } from 'preact/hooks';
import { TokenCanvas } from '../../studio/parts/token-canvas.tsx';
import { Transport } from '../../studio/parts/transport.tsx';
import { Trouble } from '../../studio/parts/trouble.tsx';
import { useServed } from '../../studio/parts/served.ts';
import { newSeed } from '../../studio/write/desk.ts';
import { Lane } from '../../studio/write/lane.ts';

const prompt = 'Once upon a time';
const length = 48;

/** What this is, shown rather than said: a story is unmasked as soon as the model is there. */
export default function Start() {
  const problem = useServed();
  const kept = useRef<Lane>();
  const lane = (kept.current ??= new Lane({
    model: 'stories',
    options: { length, steps: 32, temperature: 0.7 },
  }));
  const write = () => void lane.write(prompt, newSeed());
  useEffect(write, []);
  const player = lane.player.value;
  const facts = player.facts.value;
  return (
    <section class="start">
      <h1>A text out of masks</h1>
      <p>
        This model doesn’t write from left to right. A story begins as masks, all at once; in each step the
        model guesses every one of them, and what it is surest of stays. So it can also fill holes, and mend
        what it wrote.
      </p>
      <Trouble error={problem.value ?? player.problem.value} />
      <TokenCanvas player={player} given={prompt} awaited={length} />
      <Transport player={player} />
      <p class="quiet" aria-hidden="true">
        {facts
          ? `step ${facts.step}: ${facts.written} of ${facts.length} tokens stand`
          : 'The model is being loaded …'}
      </p>
      <p>
        <button type="button" onClick={write} disabled={lane.isWriting.value}>
          Another story
        </button>{' '}
        or <a href="#/write">begin it yourself</a>, <a href="#/fill">fill a hole</a>,{' '}
        <a href="#/edit">have a text mended</a>, <a href="#/chat">talk</a>.
      </p>
      <p class="quiet">
        The models run in this page, on this machine. After the first visit it works without a network.
      </p>
    </section>
  );
}
