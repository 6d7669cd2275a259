import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type CalledTool, returnedCalls, type Turn } from '../core/conversation.ts';
import type { ServedModel } from '../parts/model-picker.tsx';
import type { Values } from '../parts/field-input.tsx';
import { TokenCanvas } from '../parts/token-canvas.tsx';
import { visible } from '../../src/cli/terminal/visible.ts';
import { Called, Returned } from './called.tsx';
import { Draft } from './draft.tsx';
import { Said } from './said.tsx';
import type { Talk, Writing } from './talk.ts';
import { TurnActions } from './turn-actions.tsx';

interface TurnsProperties {
  readonly talk: Talk;
  readonly model: ServedModel | undefined;
  readonly options: Values;
}

/** The turns of the branch that is seen, and the answer that is being written. */
export function Turns({ talk, model, options }: TurnsProperties) {
  const end = useRef<HTMLDivElement>(null);
  const path = talk.path.value;
  const writing = talk.writing.value;
  const toEnd = () => end.current?.scrollIntoView({ block: 'nearest' });
  useEffect(toEnd, [path.length, writing]);
  return (
    <div class="turns">
      {path.map(
        (turn) =>
          turn.id !== writing?.begun?.id && (
            <TurnView
              key={`${talk.seen.value} ${turn.id}`}
              talk={talk}
              turn={turn}
              model={model}
              options={options}
            />
          ),
      )}
      {writing && (
        <Answer
          writing={writing}
          model={model}
          length={Number(options.length ?? model?.defaults?.length ?? 0)}
          question={textOf(path, writing.to)}
          onGrown={toEnd}
        />
      )}
      <div ref={end} class="end" />
    </div>
  );
}

/** The text of a turn that is seen; nothing where there is none. */
const textOf = (path: readonly Turn[], turn: number | null): string =>
  path.find(({ id }) => id === turn)?.text ?? '';

/** An answer while it is written. */
function Answer({
  writing: { player, begun },
  model,
  length,
  question,
  onGrown,
}: {
  readonly writing: Writing;
  readonly model: ServedModel | undefined;
  /** Tokens that it is to have, as far as that is known. */
  readonly length: number;
  readonly question: string;
  readonly onGrown: () => void;
}) {
  const tokens = useComputed(() => player.facts.value?.length);
  useEffect(onGrown, [tokens.value]);
  return (
    <article class="turn assistant">
      <h2>{model?.id ?? 'Model'}</h2>
      <TokenCanvas player={player} given={begun?.text} question={question} awaited={length} />
    </article>
  );
}

function TurnView({ talk, turn, model, options }: TurnsProperties & { readonly turn: Turn }) {
  const isReplayed = useSignal(false);
  const view = useRef<HTMLElement>(null);
  const name = `${talk.seen.value} ${turn.id}`;
  const written = talk.recordings.get(name);
  const edit = talk.edits.value.get(name);
  const isLast = talk.path.value.at(-1)?.id === turn.id;
  const cancel = () => {
    talk.endEdit(name);
    requestAnimationFrame(() => view.current?.querySelector<HTMLElement>('[aria-label="Edit"]')?.focus());
  };
  const send = (text: string) => {
    talk.endEdit(name);
    void talk.say(text, turn.parent, model, options);
    document.querySelector<HTMLElement>('.composer textarea')?.focus();
  };
  return (
    <article ref={view} class={`turn ${turn.role}${edit ? ' edited' : ''}`}>
      <h2>{whoSaid(turn, returnedCalls(talk.path.value).get(turn.id))}</h2>
      {edit ? (
        <Draft text={edit} onSend={send} onCancel={cancel} />
      ) : (
        <Said
          turn={turn}
          question={textOf(talk.path.value, turn.parent)}
          replayed={isReplayed.value ? written : undefined}
        />
      )}
      {isLast && turn.calls ? (
        <Returned
          calls={turn.calls}
          onReturn={(returned) => void talk.giveBack(returned, turn.id, model, options)}
        />
      ) : (
        turn.calls?.map((call) => <Called key={call.id} call={call} />)
      )}
      {!edit && (
        <TurnActions
          talk={talk}
          turn={turn}
          written={written}
          isReplayed={isReplayed}
          onEdit={() => talk.edit(name, turn.text)}
          onAnswer={(to) => void talk.answer(to, model, options)}
          onGoOn={() => void talk.goOn(turn, model, options)}
        />
      )}
    </article>
  );
}

function whoSaid({ role, model = 'Model' }: Turn, call: CalledTool | undefined): string {
  if (role === 'user') return 'You';
  if (role === 'assistant') return model;
  return call ? `${visible(call.name)} returned` : 'Returned';
}
