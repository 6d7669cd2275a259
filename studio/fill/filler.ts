import { EditorView } from '@codemirror/view';
import { signal } from '@preact/signals';
import {
  type Excerpt,
  type Filling,
  type HoleLength,
  typedHoles,
  type WantedLength,
} from '../core/filling.ts';
import type { KeptProposal } from '../core/stretches.ts';
import type { Values } from '../parts/field-input.tsx';
import type { Example } from '../parts/examples.ts';
import { fillingsOf } from '../text/fill-request.ts';
import { type AskedModel, HoleEditor, mostCharacters } from '../text/hole-editor.ts';
import { dropping, type Proposal, putting } from '../text/proposals.ts';
import { retryTemperature, temperatureOf } from '../text/temperatures.ts';

/** A text, and what of it is to be written. */
export interface HoledText {
  readonly text: string;
  readonly holes: readonly (Omit<Proposal, 'id'> & Partial<KeptProposal>)[];
}

/** An example with its hole. */
export function withHole({ text, hole, before = '' }: Omit<Example, 'prompt'>): HoledText {
  const from = text.indexOf(before + hole) + before.length;
  return { text, holes: [{ from, to: from + hole.length, length: { like: 'same' } }] };
}

/** A text with holes, which are proposals of a length, and what has been written into them. */
export class Filler extends HoleEditor {
  /** Whether the last filling ended before its end: it was stopped, or failed. */
  #wasEnded = false;
  /** What of a long text the model is sent, in words; nothing where it is sent all. */
  readonly sent = signal('');

  /** Puts the editor into the page. */
  open(host: HTMLElement, { text, holes }: HoledText): void {
    this.openIn(host, {
      text,
      label: 'Text with holes',
      keys: [{ key: 'Alt-h', run: () => this.makeHole() }],
      keepsOld: false,
      extensions: [
        EditorView.inputHandler.of((_view, _from, _to, typed) => {
          if (typed.endsWith('}')) queueMicrotask(() => this.#takeTyped());
          return false;
        }),
        EditorView.domEventHandlers({ paste: () => void setTimeout(() => this.#takeTyped()) }),
      ],
    });
    this.view.dispatch(putting(this.proposalsOf(holes), false));
    this.#takeTyped();
    this.focus();
  }

  /** Has another text in place of this one, which an undo brings back. */
  async take({ text, holes }: HoledText): Promise<void> {
    await this.replace(text, this.proposalsOf(holes));
    this.#takeTyped();
  }

  /** Has another example in place of one that nobody has touched, or of nothing. */
  exchange(old: Pick<Example, 'text'>, example: Example): void {
    const { text } = this;
    const isEmpty = text.trim() === '';
    const isTouched = text !== old.text || this.placed.some((one) => one.text !== undefined);
    if ((isTouched && !isEmpty) || this.isBusy.value || text === example.text) return;
    void this.take(withHole(example));
  }

  /** The text, and the holes in it. */
  get content(): HoledText {
    return { text: this.text, holes: this.kept };
  }

  /** What is typed as `{{3}}` or `{{4..24}}` becomes a hole of that length. */
  #takeTyped(): void {
    const typed = typedHoles(this.text);
    if (typed.length === 0 || this.isBusy.value) return;
    let gone = 0;
    const holes = typed.map(({ from, to, length }) => {
      const at = from - gone;
      gone += to - from;
      return { id: this.nextId++, from: at, to: at, length };
    });
    this.view.dispatch({
      changes: typed.map(({ from, to }) => ({ from, to })),
      ...putting(holes, true),
    });
  }

  /** The words of the selection become a hole; without one, a hole is put where the cursor is. Holes in it become one. */
  makeHole(): boolean {
    if (this.isBusy.value) return true;
    const { main } = this.view.state.selection;
    const { from, to } = main.empty ? main : this.#unspaced(this.wordsOf(main));
    const inside = this.placed.filter((hole) => hole.from <= to && hole.to >= from);
    const hole = {
      id: this.nextId++,
      from: Math.min(from, ...inside.map((one) => one.from)),
      to: Math.max(to, ...inside.map((one) => one.to)),
      length: from === to ? ({ length: 'any' } as const) : ({ like: 'same' } as const),
    };
    if (inside.length > 0) this.view.dispatch(dropping(inside.map(({ id }) => id)));
    this.view.dispatch(putting([hole], true), { selection: { anchor: hole.to } });
    return true;
  }

  /** A stretch without the blanks at its ends, unless it has no more. */
  #unspaced({ from, to }: Excerpt): Excerpt {
    const text = this.slice({ from, to });
    if (text.trim() === '') return { from, to };
    return { from: to - text.trimStart().length, to: from + text.trimEnd().length };
  }

  setLength(hole: Proposal, length: WantedLength): void {
    this.view.dispatch(putting([{ ...hole, length, text: undefined }], true));
  }

  /**
   * Has holes filled, again if they were before; the others are as they stand: what is proposed for them, or their old text.
   * An option `seed` makes the first filling repeatable; the next time another one is taken.
   */
  async fill(asked: readonly Proposal[], model: AskedModel, options: Values): Promise<void> {
    if (asked.length === 0) return;
    const excerpt = this.excerptAround(asked, model?.context_length);
    const isLong = this.text.length > mostCharacters;
    // holes that lie far apart in a long text are filled one by one
    if (excerpt.to - excerpt.from > mostCharacters && asked.length > 1) {
      const ids = asked.map(({ id }) => id);
      for (const id of ids) {
        const hole = this.placed.find((one) => one.id === id);
        const one = hole ? [hole] : [];
        await this.fill(one, model, options);
        // whoever stops one means all of them, and what went wrong with one is to be seen
        if (this.#wasEnded) return;
      }
      return;
    }
    this.sent.value = isLong ? sentWords(this.text, excerpt) : '';
    this.#wasEnded = true;
    await this.working(async (signal) => {
      this.doing.value = 'Filling …';
      const ids = asked.map(({ id }) => id);
      const before = this.placed.filter(({ id }) => ids.includes(id));
      this.view.dispatch(putting(asked.map(emptied), false));
      let fillings: readonly Filling[] | undefined;
      try {
        const lengths = new Map<number, HoleLength>();
        for (const hole of asked) {
          const [length] = await this.lengthsOf(hole, model?.id, signal);
          lengths.set(hole.id, length);
        }
        const parts = this.partsFor(excerpt, lengths);
        const sampling = this.#samplingOptions(asked, model?.defaults ?? {}, options);
        this.doing.value = parts.some(isOpen) ? 'Finding how long it is …' : 'Filling …';
        fillings = await fillingsOf({ model: model?.id, parts, ...sampling }, signal, (hole, pieces) => {
          this.doing.value = 'Filling …';
          this.chips.draw(ids[hole], 'a hole that is being filled', pieces);
        });
      } finally {
        // what was called off is as before, and an undo of what is written leads back there
        this.view.dispatch(putting(before, false));
      }
      if (!fillings) return;
      this.#end(asked, fillings);
      this.#wasEnded = false;
    });
  }

  /** The options; where holes are filled again with another seed, and warmer. */
  #samplingOptions(asked: readonly Proposal[], defaults: Values, options: Values): Values {
    const isAgain = asked.some((hole) => hole.text !== undefined);
    this.retries += isAgain ? 1 : 0;
    const seed = typeof options.seed === 'number' ? { seed: options.seed + this.retries } : {};
    // at temperature 0 the next text would be the same
    const usual = isAgain ? retryTemperature : temperatureOf(defaults);
    return { ...(usual !== undefined && { temperature: usual }), ...options, ...seed };
  }

  #end(asked: readonly Proposal[], fillings: readonly Filling[]): void {
    const filled = asked.map((hole, n) => ({ ...hole, text: fillings[n].text }));
    for (const [n, { id }] of filled.entries()) this.keep(id, fillings[n]);
    this.view.dispatch(putting(filled, true));
    this.news.value = filled.map(({ text }, n) => `Hole ${n + 1}: ${text}`).join('. ');
  }
}

const emptied = (hole: Proposal): Proposal => ({ ...hole, text: undefined });

const isOpen = (part: string | HoleLength): boolean =>
  typeof part !== 'string' && ('minimum' in part || part.length === 'any');

/** How much of a text is sent. */
function sentWords(text: string, { from, to }: Excerpt): string {
  const words = (some: string): number => some.match(/\S+/g)?.length ?? 0;
  return `The model is sent ${words(text.slice(from, to))} of the ${words(text)} words: those around the hole.`;
}
