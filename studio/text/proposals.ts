import { invertedEffects } from '@codemirror/commands';
import {
  type ChangeDesc,
  type Extension,
  type Range,
  StateEffect,
  StateField,
  Transaction,
  type TransactionSpec,
} from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import type { Piece, WantedLength } from '../core/filling.ts';
import { shownText, styleOf } from '../core/shown.ts';
import { visible } from '../../src/cli/terminal/visible.ts';
import { kept } from './layer.ts';

/** A stretch of the text, and what may come to stand in its place. */
export interface Proposal {
  readonly id: number;
  readonly from: number;
  /** Behind the last; `from` where something is only added. */
  readonly to: number;
  /** Of a hole that is to be filled. */
  readonly length?: WantedLength;
  /** What is proposed, once there is something. */
  readonly text?: string;
}

const moved = (one: Proposal, changes: ChangeDesc): Proposal => ({
  ...one,
  from: changes.mapPos(one.from, one.from === one.to ? -1 : 1),
  to: changes.mapPos(one.to, -1),
});

/** Adds proposals, or puts them in the place of those with the same id. Places are those of the new text. */
const put = StateEffect.define<readonly Proposal[]>({
  map: (proposals, changes) => proposals.map((one) => moved(one, changes)),
});
const drop = StateEffect.define<readonly number[]>();

/** The proposals of a text, in order. One whose text somebody changes is gone. */
export const proposalsField = StateField.define<readonly Proposal[]>({
  create: () => [],
  update(value, transaction) {
    let next = kept(value, transaction, moved);
    for (const effect of transaction.effects) {
      if (effect.is(drop)) next = next.filter(({ id }) => !effect.value.includes(id));
      if (effect.is(put)) {
        const ids = new Set(effect.value.map(({ id }) => id));
        next = [...next.filter(({ id }) => !ids.has(id)), ...effect.value].sort((a, b) => a.from - b.from);
      }
    }
    return next;
  },
});

/** What is dropped comes back by an undo, and what was added goes. */
const undoable = invertedEffects.of(({ effects, startState }) => {
  const before = startState.field(proposalsField);
  return effects.flatMap((effect) => {
    if (effect.is(drop)) return [put.of(before.filter(({ id }) => effect.value.includes(id)))];
    if (!effect.is(put)) return [];
    const known = new Set(before.map(({ id }) => id));
    const added = effect.value.map(({ id }) => id).filter((id) => !known.has(id));
    return [drop.of(added), put.of(before.filter(({ id }) => effect.value.some((one) => one.id === id)))];
  });
});

/** Adds or changes proposals; what a program does on its way is no step that a person undoes. */
export const putting = (proposals: readonly Proposal[], isStep: boolean): TransactionSpec => ({
  effects: put.of(proposals),
  annotations: isStep ? [] : Transaction.addToHistory.of(false),
});

export const dropping = (ids: readonly number[], isStep = true): TransactionSpec => ({
  effects: drop.of(ids),
  annotations: isStep ? [] : Transaction.addToHistory.of(false),
});

/** Writes what is proposed into the text. */
export const accepting = (proposals: readonly Proposal[]): TransactionSpec => ({
  changes: proposals.map(({ from, to, text }) => ({ from, to, insert: text })),
  effects: drop.of(proposals.map(({ id }) => id)),
  userEvent: 'input.accept',
});

/** What is drawn of each proposal, as elements that stay while the text around them changes. */
export class Chips {
  readonly #elements = new Map<number, HTMLElement>();
  readonly #drawn = new Map<number, () => void>();
  #isAsked = false;
  view: EditorView | undefined;

  elementOf(id: number): HTMLElement {
    let element = this.#elements.get(id);
    if (!element) {
      element = document.createElement('span');
      element.className = 'chip';
      element.setAttribute('role', 'img');
      element.setAttribute('aria-label', 'a hole');
      this.#elements.set(id, element);
    }
    return element;
  }

  /** Draws pieces with the next picture of the screen; what comes between isn't drawn. */
  draw(id: number, label: string, pieces: readonly Piece[]): void {
    this.#drawn.set(id, () => {
      const element = this.elementOf(id);
      element.setAttribute('aria-label', label);
      element.replaceChildren(
        ...pieces.flatMap(({ token, text, confidence }, n) => {
          // behind a blank a line may end, and what is answered would stand in the next one
          const shown = shownText(token, text);
          const seen = n === pieces.length - 1 ? shown.replace(/ $/, '\u00a0') : shown;
          // a word is coloured, and not the blank in front of it
          const blank = /^ +(?=[^ ])/.exec(seen)?.[0] ?? '';
          const span = document.createElement('span');
          span.className = styleOf(token, confidence);
          span.textContent = seen.slice(blank.length);
          return [blank, span];
        }),
      );
    });
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      for (const draw of this.#drawn.values()) draw();
      this.#drawn.clear();
      this.view?.requestMeasure();
    });
  }
}

type Answer = (proposal: Proposal) => void;

/** What a person may answer to a proposal. */
export interface Answers {
  readonly accept: Answer;
  readonly reject: Answer;
}

/**
 * A proposal as it is seen in the text: its chip, and right behind it, once it has a text, what may be answered. Two widgets would
 * have a picture of the editor's between them, at which a line may end.
 */
class Proposed extends WidgetType {
  readonly #chips: Chips;
  readonly #answers: Answers;
  readonly #proposal: Proposal;

  constructor(chips: Chips, answers: Answers, proposal: Proposal) {
    super();
    this.#chips = chips;
    this.#answers = answers;
    this.#proposal = proposal;
  }

  override eq(other: Proposed): boolean {
    return other.#proposal === this.#proposal && other.#chips === this.#chips;
  }

  toDOM(): HTMLElement {
    const { id, text } = this.#proposal;
    const element = document.createElement('span');
    element.append(this.#chips.elementOf(id));
    if (text !== undefined) element.append(this.#buttons());
    return element;
  }

  #buttons(): HTMLElement {
    const element = document.createElement('span');
    element.className = 'answers';
    element.append(
      this.#button('accept', 'Accept here', 'Alt ↵'),
      this.#button('reject', 'Reject here', 'Alt ⌫'),
    );
    return element;
  }

  /** A sign, with its name for screen readers. */
  #button(answer: keyof Answers, verb: string, key: string): HTMLElement {
    const button = document.createElement('button');
    const name = `${verb}: ${visible(this.#proposal.text!.trim()).slice(0, longestName)}`;
    button.type = 'button';
    button.className = answer;
    button.title = `${name} (${key})`;
    button.setAttribute('aria-label', name);
    button.addEventListener('click', () => this.#answers[answer](this.#proposal));
    return button;
  }

  /** A click on a button is none into the text. */
  override ignoreEvent({ target }: Event): boolean {
    return target instanceof Element && target.closest('.answers') !== null;
  }
}

/** Longer names of buttons say nothing more. */
const longestName = 40;

const theme = EditorView.theme({
  '.chip': {
    margin: '0 0.2em',
    padding: '0.1em 0.25em',
    boxDecorationBreak: 'clone',
    WebkitBoxDecorationBreak: 'clone',
    border: '1px dashed var(--accent)',
    borderRadius: '0.35em',
    background: 'color-mix(in srgb, var(--accent) 8%, transparent)',
    overflowWrap: 'anywhere',
    whiteSpace: 'pre-wrap',
  },
  '.chip:empty': { display: 'none' },
  '.answers': { whiteSpace: 'nowrap' },
  // no line ends between what is proposed and what it is answered by
  '.chip::after, .answers::before': { content: '"\\2060"' },
  '.answers button': {
    minWidth: '1.75rem',
    height: '1.5rem',
    marginRight: '0.15rem',
    padding: '0',
    border: '1px solid var(--line)',
    borderRadius: '0.35em',
    background: 'var(--panel)',
    color: 'var(--ink)',
    font: '0.875rem/1 var(--mono)',
    cursor: 'pointer',
    verticalAlign: '0.05em',
  },
  '.answers button:hover, .answers button:focus-visible': { outline: '2px solid var(--accent)' },
  '.answers .accept': { color: 'var(--accent)' },
  '.answers .reject': { color: 'var(--wrong)' },
  '.answers .accept::before': { content: '"✓"' },
  '.answers .reject::before': { content: '"✗"' },
  // a finger may miss by a little above and below, where a button as high would move the lines apart
  '@media (pointer: coarse)': {
    '.answers button': { position: 'relative', minWidth: '2.75rem', height: '1.75rem' },
    '.answers button::after': { content: '""', position: 'absolute', inset: '-0.5625rem 0' },
  },
  '.old': {
    color: 'var(--ink)',
    textDecoration: 'line-through 1.5px var(--wrong)',
    background: 'color-mix(in srgb, var(--wrong) 12%, transparent)',
  },
  // where a change is proposed, the doubt has been said
  '.old [class*="doubt-"], [class*="doubt-"]:has(.old)': { background: 'none' },
});

/**
 * Proposals in an editor.
 *
 * @param answers   what is answered to one that has a text
 * @param keepsOld  whether the old text is seen, struck out, beside what is proposed; else a chip stands in its place
 * @param onChange  is told the proposals whenever they change
 */
export function proposing(
  chips: Chips,
  answers: Answers,
  { keepsOld, onChange }: { keepsOld: boolean; onChange: (proposals: readonly Proposal[]) => void },
): Extension {
  const drawn = (proposal: Proposal): Range<Decoration>[] => {
    const { from, to } = proposal;
    const widget = new Proposed(chips, answers, proposal);
    if (to > from && !keepsOld) return [Decoration.replace({ widget }).range(from, to)];
    const added = Decoration.widget({ widget, side: 1 }).range(to);
    return from === to ? [added] : [Decoration.mark({ class: 'old' }).range(from, to), added];
  };
  const decorations = EditorView.decorations.compute([proposalsField], (state) =>
    Decoration.set(state.field(proposalsField).flatMap(drawn), true),
  );
  return [
    proposalsField,
    undoable,
    decorations,
    theme,
    ...(keepsOld
      ? []
      : [
          EditorView.atomicRanges.of(({ state }) =>
            Decoration.set(
              state
                .field(proposalsField)
                .filter(({ from, to }) => to > from)
                .map(({ from, to }) => Decoration.mark({}).range(from, to)),
            ),
          ),
        ]),
    EditorView.updateListener.of(({ view, state, startState }) => {
      chips.view = view;
      const now = state.field(proposalsField);
      if (now !== startState.field(proposalsField)) onChange(now);
    }),
  ];
}
