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
            : state === 'unloaded'
              ? 'It is loaded when the first message is sent.'
              : 'It is being loaded …'}{' '}
        {most !== undefined &&
          `It reads and writes at most ${most} tokens at a time, about ${Math.round(0.7 * most)} words; when they are full, the oldest messages are dropped, and it is said.`}{' '}
        Check what it says: it may be wrong.
      </p>
    </div>
  );
}

const forAnswers = [
  'Hello! How are you today?',
  'Have you seen a good movie lately?',
  'What do you like to do on weekends?',
  'Do you have a pet?',
];
const forStories = [
  'Once upon a time there was a little fox.',
  'One day, Tom found a key.',
  'It was raining.',
];

/** Lines to begin with, of what the model knows. */
export function FirstLines({
  model,
  onChoose,
}: {
  readonly model: ServedModel | undefined;
  readonly onChoose: (line: string) => void;
}) {
  const lines = model?.chat === 'continuation' ? forStories : forAnswers;
  return (
    <ul class="first-lines" aria-label="Lines to begin with">
      {lines.map((line) => (
        <li key={line}>
          <button type="button" onClick={() => onChoose(line)}>
            {line}
          </button>
        </li>
      ))}
    </ul>
  );
}
