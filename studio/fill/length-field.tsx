import { useState } from 'preact/hooks';
import { holeLengthOf, likenesses, typedLength, type WantedLength } from '../core/filling.ts';
import type { Proposal } from '../text/proposals.ts';

/** What a person may ask of the length of a hole, in words. */
const lengthWords = {
  same: 'as long as before',
  shorter: 'shorter',
  longer: 'longer',
  any: 'any length',
  tokens: 'in tokens:',
} as const;

type LengthWord = keyof typeof lengthWords;

const wordOf = (length: WantedLength): LengthWord =>
  'like' in length ? length.like : 'length' in length && length.length === 'any' ? 'any' : 'tokens';

/** How long a hole is: beside what stood there, or in tokens. */
export function LengthField({
  hole: { length = { length: 'any' } },
  name,
  old,
  busy,
  onChange,
}: {
  readonly hole: Proposal;
  readonly name: string;
  /** What stood there. */
  readonly old: string;
  readonly busy: boolean;
  readonly onChange: (length: WantedLength) => void;
}) {
  const [isTyping, setTyping] = useState(false);
  const chosen = isTyping ? 'tokens' : wordOf(length);
  const words: readonly LengthWord[] = [...(old === '' ? [] : likenesses), 'any', 'tokens'];
  const choose = (word: LengthWord) => {
    setTyping(word === 'tokens');
    if (word !== 'tokens') onChange(word === 'any' ? { length: 'any' } : { like: word });
  };
  return (
    <>
      <select
        aria-label={`length of ${name}`}
        disabled={busy}
        value={chosen}
        onChange={({ currentTarget }) => choose(currentTarget.value as LengthWord)}
      >
        {words.map((word) => (
          <option key={word} value={word}>
            {lengthWords[word]}
          </option>
        ))}
      </select>
      {chosen === 'tokens' && (
        <Tokens
          length={length}
          name={name}
          busy={busy}
          onChange={(typed) => {
            setTyping(false);
            onChange(typed);
          }}
        />
      )}
    </>
  );
}

function Tokens({
  length,
  name,
  busy,
  onChange,
}: {
  readonly length: WantedLength;
  readonly name: string;
  readonly busy: boolean;
  readonly onChange: (length: WantedLength) => void;
}) {
  const [isWrong, setWrong] = useState(false);
  return (
    <>
      <input
        type="text"
        size={5}
        aria-label={`${name}: tokens`}
        title="a number, a range as 2-8, or nothing for any"
        disabled={busy}
        aria-invalid={isWrong}
        value={'like' in length ? '' : typedLength(length)}
        onChange={({ currentTarget }) => {
          const typed = holeLengthOf(currentTarget.value);
          setWrong(typed === undefined);
          if (typed) onChange(typed);
        }}
      />
      {isWrong && <p class="help wrong">a number of tokens, a range as 2-8, or nothing for any</p>}
    </>
  );
}
