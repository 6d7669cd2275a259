import {
  type ChangeDesc,
  type Extension,
  StateEffect,
  StateField,
  type Transaction,
} from '@codemirror/state';
import { Decoration, EditorView } from '@codemirror/view';

/** A stretch of the text that looks in some way. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** The class that it is drawn with, or none. */
  readonly look: string;
  readonly title?: string;
}

interface Place {
  readonly from: number;
  readonly to: number;
}

/** Those whose text nobody changes in a transaction, where they are after it. */
export function kept<One extends Place>(
  places: readonly One[],
  { changes, docChanged }: Transaction,
  moved: (one: One, changes: ChangeDesc) => One,
): readonly One[] {
  if (!docChanged) return places;
  const cut: [number, number][] = [];
  changes.iterChangedRanges((from, to) => cut.push([from, to]));
  return places
    .filter(({ from, to }) => !cut.some(([start, end]) => start < to && end > from))
    .map((one) => moved(one, changes));
}

const moved = <One extends Place>(one: One, changes: ChangeDesc): One => ({
  ...one,
  from: changes.mapPos(one.from, 1),
  to: changes.mapPos(one.to, -1),
});

/** Stretches of a text that move with it, until somebody changes what is in them. They are in order and don't overlap. */
export function layerOf<One extends Stretch>(onChange: (stretches: readonly One[]) => void) {
  const replace = StateEffect.define<readonly One[]>();
  const field = StateField.define<readonly One[]>({
    create: () => [],
    update(value, transaction) {
      let next = kept(value, transaction, moved);
      for (const effect of transaction.effects) if (effect.is(replace)) next = effect.value;
      return next;
    },
    provide: (self) =>
      EditorView.decorations.from(self, (stretches) =>
        Decoration.set(
          stretches
            .filter(({ look }) => look !== '')
            .map(({ from, to, look, title }) =>
              Decoration.mark({ class: look, ...(title && { attributes: { title } }) }).range(from, to),
            ),
        ),
      ),
  });
  const extension: Extension = [
    field,
    EditorView.updateListener.of(({ state, startState }) => {
      if (state.field(field) !== startState.field(field)) onChange(state.field(field));
    }),
  ];
  return { field, extension, replace };
}
