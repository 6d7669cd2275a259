import { EditorView } from '@codemirror/view';
import { signal } from '@preact/signals';
import { stream } from '../client.ts';
import {
  type Excerpt,
  excerptAround,
  HoleCanvas,
  type HoleLength,
  mask,
  partsOf,
  type Piece,
  typedHoles,
} from '../core/filling.ts';
import type { RecordedFrame } from '../core/recording.ts';
import type { Values } from '../parts/field-input.tsx';
import type { ServedModel } from '../parts/model-picker.tsx';
import type { Example } from '../parts/examples.ts';
import { ProposalEditor } from '../text/proposal-editor.ts';
import { dropping, type Proposal, putting } from '../text/proposals.ts';

interface FillEvent {
  readonly diffusion?: RecordedFrame;
  readonly holes?: readonly { readonly text: string; readonly tokens: number }[];
  readonly seed?: number;
}

/** Where a person asks for another text and says no temperature. */
export const retryTemperature = 0.8;

/** Between what is given there are few good texts: a model's own temperature is for what it begins by itself. */
const fillTemperature = 0.5;

/** What a hole is filled at where nobody says otherwise: the model's own temperature, or a lower one. */
const temperatureOf = ({ temperature }: Values): number | undefined =>
  typeof temperature === 'number' ? Math.min(fillTemperature, temperature) : undefined;

/** A model's defaults as they hold for filling. */
export const shownDefaults = (defaults: Values | undefined): Values | 'unknown' =>
  defaults === undefined
    ? 'unknown'
    : { ...defaults, temperature: temperatureOf(defaults), seed: 'new each time' };

/** The sign of a mask stands at most so often in a hole that is still to be filled. */
const maxMasks = 12;

/** Of a text of more characters the words around the holes are sent: the rest a model could not see, and it may have no end. */
const mostCharacters = 20_000;
/** Characters of a token, at most as a rule: so far a model could see on each side of a hole. */
const charactersOfToken = 8;
const usualContext = 1024;

/** A text, and what of it is to be written. */
export interface HoledText {
  readonly text: string;
  readonly holes: readonly Pick<Proposal, 'from' | 'to' | 'length'>[];
}

/** An example with its hole. */
export function withHole({ text, hole, before = '' }: Omit<Example, 'prompt'>): HoledText {
  const from = text.indexOf(before + hole) + before.length;
  return { text, holes: [{ from, to: from + hole.length, length: { length: 'any' } }] };
}

/** A text with holes, which are proposals of a length, and what has been written into them. */
export class Filler extends ProposalEditor<'filling'> {
  /** How what is proposed came to be seen, by hole. */
  readonly #pieces = new Map<number, readonly Piece[]>();
  #retries = 0;
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
    this.view.dispatch(putting(this.#numbered(holes), false));
    this.#takeTyped();
    this.focus();
  }

  /** Has another text in place of this one, which an undo brings back. */
  async take({ text, holes }: HoledText): Promise<void> {
    await this.replace(text, this.#numbered(holes));
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

  /** The text, and the holes that are open in it. */
  get content(): HoledText {
    const holes = this.placed.map(({ from, to, length }) => ({ from, to, length }));
    return { text: this.text, holes };
  }

  #numbered(holes: HoledText['holes']): Proposal[] {
    return holes.map((hole) => ({ ...hole, id: this.nextId++ }));
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

  /** The selection becomes a hole; without one, a hole is put where the cursor is. Holes in it become one. */
  makeHole(length: HoleLength = { length: 'any' }): boolean {
    if (this.isBusy.value) return true;
    const { from, to } = this.view.state.selection.main;
    const inside = this.placed.filter((hole) => hole.from <= to && hole.to >= from);
    const hole = {
      id: this.nextId++,
      from: Math.min(from, ...inside.map((one) => one.from)),
      to: Math.max(to, ...inside.map((one) => one.to)),
      length,
    };
    if (inside.length > 0) this.view.dispatch(dropping(inside.map(({ id }) => id)));
    this.view.dispatch(putting([hole], true), { selection: { anchor: hole.to } });
    return true;
  }

  setLength(hole: Proposal, length: HoleLength): void {
    this.view.dispatch(putting([{ ...hole, length, text: undefined }], true));
  }

  /**
   * Has holes filled, again if they were before; the others are as they stand: what is proposed for them, or their old text.
   * An option `seed` makes the first filling repeatable; the next time another one is taken.
   */
  async fill(
    asked: readonly Proposal[],
    model: Pick<ServedModel, 'id' | 'context_length' | 'defaults'> | undefined,
    options: Values,
  ): Promise<void> {
    if (asked.length === 0) return;
    const reach = charactersOfToken * (model?.context_length ?? usualContext);
    const around = excerptAround(this.text, asked, reach);
    const isLong = this.text.length > mostCharacters;
    // holes that lie far apart in a long text are filled one by one
    if (isLong && around.to - around.from > mostCharacters && asked.length > 1) {
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
    const excerpt = isLong ? around : { from: 0, to: this.text.length };
    this.sent.value = isLong ? sentWords(this.text, excerpt) : '';
    this.#wasEnded = true;
    await this.working('filling', async (signal) => {
      this.doing.value = asked.some(({ length }) => isOpen(length))
        ? 'Finding how long it is …'
        : 'Filling …';
      const ids = asked.map(({ id }) => id);
      const sampling = this.#samplingOptions(asked, model?.defaults ?? {}, options);
      const body = { model: model?.id, parts: this.#partsFor(ids, excerpt), ...sampling };
      this.view.dispatch(
        putting(
          asked.map((hole) => ({ ...hole, text: undefined })),
          false,
        ),
      );
      const canvas = new HoleCanvas();
      let isDone = false;
      try {
        for await (const event of stream<FillEvent>('/unmask/infill', body, signal)) {
          if (event.diffusion) this.doing.value = 'Filling …';
          if (event.diffusion)
            for (const { hole, pieces } of canvas.read(event.diffusion))
              this.chips.draw(ids[hole], 'a hole that is being filled', pieces);
          if (!event.holes) continue;
          this.#end(asked, event.holes, canvas);
          isDone = true;
          this.#wasEnded = false;
        }
      } finally {
        // what was called off is as before
        if (!isDone) this.view.dispatch(putting(asked, false));
      }
    });
  }

  /** The text around some holes, and these. */
  #partsFor(ids: readonly number[], { from, to }: Excerpt) {
    const inside = this.placed.filter((hole) => hole.from >= from && hole.to <= to);
    const places = inside.map((hole) => ({
      from: hole.from - from,
      to: hole.to - from,
      part: ids.includes(hole.id) ? this.#lengthOf(hole) : (hole.text ?? this.slice(hole)),
    }));
    return partsOf(this.text.slice(from, to), places);
  }

  /** What takes a text's place is at most about twice as long, where nobody says how long. */
  #lengthOf(hole: Proposal): HoleLength {
    const old = this.slice(hole).trim().length;
    if (!('length' in hole.length!) || hole.length.length !== 'any' || old === 0) return hole.length!;
    return { minimum: 1, maximum: Math.max(8, Math.ceil(old / 2)) };
  }

  /** The options; where holes are filled again with another seed, and warmer. */
  #samplingOptions(asked: readonly Proposal[], defaults: Values, options: Values): Values {
    const isAgain = asked.some((hole) => hole.text !== undefined);
    this.#retries += isAgain ? 1 : 0;
    const seed = typeof options.seed === 'number' ? { seed: options.seed + this.#retries } : {};
    // at temperature 0 the next text would be the same
    const usual = isAgain ? retryTemperature : temperatureOf(defaults);
    return { ...(usual !== undefined && { temperature: usual }), ...options, ...seed };
  }

  #end(asked: readonly Proposal[], written: NonNullable<FillEvent['holes']>, canvas: HoleCanvas): void {
    const filled = asked.map((hole, n) => ({ ...hole, text: written[n].text }));
    for (const [n, { id, text }] of filled.entries()) {
      const pieces = canvas.piecesOf(n);
      const seen = pieces.map((piece) => piece.text).join('');
      // tokens that only together are characters, and a space that stands in front, are no pieces of the text
      this.#pieces.set(id, seen === text ? pieces : [{ token: 0, text, confidence: null }]);
      if (seen.trimStart() === text && seen !== text)
        this.#pieces.set(id, [{ ...pieces[0], text: pieces[0].text.trimStart() }, ...pieces.slice(1)]);
    }
    this.view.dispatch(putting(filled, false));
    this.news.value = filled.map(({ text }, n) => `Hole ${n + 1}: ${text}`).join('. ');
  }

  protected override draw({ id, length, text }: Proposal): void {
    const pieces = this.#pieces.get(id);
    if (text !== undefined && pieces) return this.chips.draw(id, `proposed: ${text}`, pieces);
    const known = length && 'length' in length && length.length !== 'any' ? length.length : undefined;
    // of a length to be found: about as many as the words that stood there
    const old = this.placed.find((one) => one.id === id);
    const words = (old && this.slice(old).match(/\S+/g)?.length) ?? 2;
    const masks = Array.from({ length: Math.min(known ?? words, maxMasks) }, () => mask);
    const of = length === undefined || known !== undefined ? `${known} tokens` : 'a length to be found';
    this.chips.draw(id, `a hole of ${of}`, masks);
  }
}

const isOpen = (length: HoleLength | undefined): boolean =>
  length !== undefined && ('minimum' in length || length.length === 'any');

/** How much of a text is sent. */
function sentWords(text: string, { from, to }: Excerpt): string {
  const words = (some: string): number => some.match(/\S+/g)?.length ?? 0;
  return `The model is sent ${words(text.slice(from, to))} of the ${words(text)} words: those around the hole.`;
}
