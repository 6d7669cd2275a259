import { sideOf } from '../core/digit-grid.ts';
import { shortName } from '../core/model-name.ts';
import { DigitGrid } from '../parts/digit-grid.tsx';
import type { ServedModel } from '../parts/model-picker.tsx';

/** Who answers, and what cannot be expected of it. */
export function ModelFacts({ model }: { readonly model: ServedModel | undefined }) {
  if (!model) return null;
  const { id, chat, context_length: most, state } = model;
  return (
    <div class="model-facts">
      <p class="heading">{id}</p>
      <p class="help">
        {chat === 'continuation'
          ? 'It has not learned to answer: it goes on with the conversation as with a text.'
          : chat === 'template'
            ? 'It has learned to answer.'
            : state === 'loading' && 'It is being loaded …'}{' '}
        {most !== undefined &&
          `It reads and writes at most ${most} tokens at a time, about ${Math.round(0.7 * most)} words; when they are full, the oldest messages are dropped, and it is said.`}{' '}
        {abouts[shortName(id)] ?? 'Check what it says: it may be wrong.'}
      </p>
    </div>
  );
}

/** What can be expected of the models that ship. */
const abouts: Readonly<Record<string, string>> = {
  talk: 'It is tiny: it tells stories about what you name, goes on when you ask, and knows nothing else.',
  stories: 'It knows nothing but stories for small children.',
  'sudoku-4':
    'It solves Sudoku of 4 × 4: say a grid row by row, 0 for an open cell; nothing else can it read.',
  paths:
    'It finds the way from a start to a goal in a list of edges, in which another way crosses it; nothing else can it read.',
};

/** Lines to begin with, by the models that ship; others may have learned anything. */
const firstLines: Readonly<Record<string, readonly string[]>> = {
  talk: [
    'Tell me a story about a dog and a ball.',
    'Hello!',
    'A story about a girl named Mia, please.',
    'Who are you?',
  ],
  stories: ['Once upon a time there was a little fox.', 'One day, Tom found a key.', 'It was raining.'],
  'sudoku-4': ['3102200002100320', '0140432014020000', '4310010000303420'],
  paths: ['8,9/3,4/7,0/9,6/2,7/4,2/1,10/0,5/10,2/2,8-3,5', '4,3/6,7/10,2/10,5/0,10/2,6/5,1/3,10/9,0/1,8-9,8'],
};

/** Lines to begin with, of what the model knows. */
export function FirstLines({
  model,
  onChoose,
}: {
  readonly model: ServedModel | undefined;
  readonly onChoose: (line: string) => void;
}) {
  const lines = firstLines[shortName(model?.id ?? '')] ?? [];
  if (lines.length === 0) return null;
  return (
    <ul class="first-lines" aria-label="Lines to begin with">
      {lines.map((line) => (
        <li key={line}>
          <button type="button" onClick={() => onChoose(line)}>
            {sideOf(line) === undefined ? line : <DigitGrid text={line} question={line} />}
          </button>
        </li>
      ))}
    </ul>
  );
}
