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
        <span>
          <CopyButton text={json} what={`the arguments of ${name}`} />
        </span>
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

/** Nothing is run here: a person says what each function returned, all of them at once, and the model goes on. */
export function Returned({
  calls,
  onReturn,
}: {
  readonly calls: readonly CalledTool[];
  readonly onReturn: (returned: readonly string[]) => void;
}) {
  const texts = useSignal<readonly string[]>(calls.map(() => ''));
  return (
    <form
      class="returned"
      onSubmit={(event) => {
        event.preventDefault();
        onReturn(texts.value.map((text) => text.trim()));
      }}
    >
      {calls.map((call, index) => (
        <div key={call.id}>
          <Called call={call} />
          <label>
            <span class="hidden">
              What {visible(call.name)} returned{nthOf(calls, index)}
            </span>
            <input
              class="wide"
              required
              pattern={String.raw`.*\S.*`}
              placeholder={`Nothing is run here: what did ${visible(call.name)} return?`}
              autocomplete="off"
              value={texts.value[index]}
              onInput={({ currentTarget }) => (texts.value = texts.value.with(index, currentTarget.value))}
            />
          </label>
        </div>
      ))}
      <button type="submit">{calls.length === 1 ? 'Return' : `Return all ${calls.length}`}</button>
    </form>
  );
}

/** Tells calls of the same function apart. */
function nthOf(calls: readonly CalledTool[], index: number): string {
  const same = calls.filter(({ name }) => name === calls[index].name);
  return same.length > 1 ? `, call ${same.indexOf(calls[index]) + 1}` : '';
}
