import { useSignal } from '@preact/signals';
import { visible } from '../../src/cli/terminal/visible.ts';
import type { CalledTool } from '../core/conversation.ts';
import { CopyButton } from './markdown.tsx';

/** A function that an answer calls: its name, and its arguments one below the other. */
export function Called({ call: { name, json } }: { readonly call: CalledTool }) {
  const given = argumentsIn(json);
  return (
    <figure class="code called">
      <figcaption>
        <span>
          calls <strong>{visible(name)}</strong>
        </span>
        <CopyButton text={json} what={`the arguments of ${name}`} />
      </figcaption>
      {given === undefined ? (
        <pre role="group" tabIndex={0} aria-label="Arguments">
          <code>{visible(json)}</code>
        </pre>
      ) : given.length === 0 ? (
        <p class="quiet">without arguments</p>
      ) : (
        <dl>
          {given.map(([key, value]) => (
            <div key={key}>
              <dt>{visible(key)}</dt>
              <dd>{visible(typeof value === 'string' ? value : JSON.stringify(value))}</dd>
            </div>
          ))}
        </dl>
      )}
    </figure>
  );
}

/** Undefined for what is no object of JSON. */
function argumentsIn(json: string): [string, unknown][] | undefined {
  try {
    const given: unknown = JSON.parse(json === '' ? '{}' : json);
    return typeof given === 'object' && given !== null && !Array.isArray(given)
      ? Object.entries(given)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Nothing is run here: a person says what the function returned, and the model goes on. */
export function Returned({
  name,
  onReturn,
}: {
  readonly name: string;
  readonly onReturn: (text: string) => void;
}) {
  const text = useSignal('');
  return (
    <form
      class="row returned"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.value.trim() !== '') onReturn(text.value.trim());
      }}
    >
      <label class="wide">
        <span class="hidden">What {visible(name)} returned</span>
        <input
          class="wide"
          placeholder={`Nothing is run here: what did ${visible(name)} return?`}
          autocomplete="off"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
      </label>
      <button type="submit">Return</button>
    </form>
  );
}
