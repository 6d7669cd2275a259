import { signal } from '@preact/signals';
import { isAbort, stream } from '../client.ts';
import { HoleCanvas, type HoleLength, mask, partsOf, type Piece } from '../core/filling.ts';
import type { RecordedFrame } from '../core/recording.ts';
import type { Values } from '../parts/schema-form.tsx';
import { openEditor, type TextEditor } from '../text/editor.ts';
import {
  accepting,
  Chips,
  dropping,
  type Proposal,
  proposalsField,
  proposing,
  putting,
} from '../text/proposals.ts';

interface FillEvent {
  readonly diffusion?: RecordedFrame;
  readonly holes?: readonly { readonly text: string; readonly tokens: number }[];
  readonly seed?: number;
}

/** Where a person asks for another text and says no temperature. */
export const retryTemperature = 0.8;

/** The sign of a mask stands at most so often in a hole that is still to be filled. */
const maxMasks = 12;

/** A text with holes, and what has been written into them. */
export class Filler {
  readonly holes = signal<readonly Proposal[]>([]);
  readonly isFilling = signal(false);
  readonly problem = signal<unknown>(undefined);
  /** What screen readers are told once holes are filled. */
  readonly news = signal('');
  readonly #chips = new Chips();
  /** How what is proposed came to be seen, by hole. */
  readonly #pieces = new Map<number, readonly Piece[]>();
  #editor: TextEditor | undefined;
  #aborting: AbortController | undefined;
  #nextId = 0;
  #retries = 0;
  #fill: () => void = () => {};

  /**
   * Puts the editor into the page.
   *
   * @param first  a part of the text that is a hole from the beginning
   * @returns      what takes it away
   */
  open(host: HTMLElement, text: string, first?: string): () => void {
    this.#editor = openEditor(host, {
      text,
      label: 'Text with holes',
      keys: [
        { key: 'Alt-h', run: () => this.makeHole() },
        { key: 'Mod-Enter', run: () => (this.#fill(), true) },
        { key: 'Escape', run: () => this.isFilling.value && (this.stop(), true) },
      ],
      extensions: proposing(this.#chips, {
        keepsOld: false,
        onChange: (holes) => {
          this.holes.value = holes;
          for (const hole of holes) this.#draw(hole);
        },
      }),
    });
    const at = first === undefined ? -1 : text.indexOf(first);
    if (first !== undefined && at >= 0) {
      const hole = {
        id: this.#nextId++,
        from: at,
        to: at + first.length,
        length: { length: 'any' },
      } as const;
      this.#editor.view.dispatch(putting([hole], false));
    }
    this.focus();
    return () => {
      this.stop();
      this.#editor?.view.destroy();
    };
  }

  /** What the key for filling does. */
  onFill(fill: () => void): void {
    this.#fill = fill;
  }

  focus(): void {
    this.#editor?.view.focus();
  }

  textOf({ from, to }: Proposal): string {
    return this.#editor!.view.state.sliceDoc(from, to);
  }

  /** The selection becomes a hole; without one, a hole is put where the cursor is. Holes in it become one. */
  makeHole(length: HoleLength = { length: 'any' }): boolean {
    if (this.isFilling.value) return true;
    const { view } = this.#editor!;
    const { from, to } = view.state.selection.main;
    const inside = this.#holes().filter((hole) => hole.from <= to && hole.to >= from);
    const hole = {
      id: this.#nextId++,
      from: Math.min(from, ...inside.map((one) => one.from)),
      to: Math.max(to, ...inside.map((one) => one.to)),
      length,
    };
    if (inside.length > 0) view.dispatch(dropping(inside.map(({ id }) => id)));
    view.dispatch(putting([hole], true), { selection: { anchor: hole.to } });
    return true;
  }

  setLength(hole: Proposal, length: HoleLength): void {
    this.#editor!.view.dispatch(putting([{ ...hole, length, text: undefined }], true));
  }

  /** The old text stands there again, and no hole. */
  reject(holes: readonly Proposal[]): void {
    this.#editor!.view.dispatch(dropping(holes.map(({ id }) => id)));
    this.focus();
  }

  accept(holes: readonly Proposal[]): void {
    this.#editor!.view.dispatch(accepting(holes.filter(({ text }) => text !== undefined)));
    this.focus();
  }

  stop(): void {
    this.#aborting?.abort();
  }

  /**
   * Has holes filled, again if they were before; the others are as they stand: what is proposed for them, or their old text.
   * An option `seed` makes the first filling repeatable; the next time another one is taken.
   */
  async fill(asked: readonly Proposal[], model: string | undefined, options: Values): Promise<void> {
    if (this.isFilling.value || asked.length === 0) return;
    const { view } = this.#editor!;
    const text = view.state.doc.toString();
    const ids = asked.map(({ id }) => id);
    const isAgain = asked.some((hole) => hole.text !== undefined);
    this.#retries += isAgain ? 1 : 0;
    const seed = typeof options.seed === 'number' ? { seed: options.seed + this.#retries } : {};
    // at temperature 0 the next text would be the same
    const other = isAgain ? { temperature: retryTemperature } : {};
    const parts = partsOf(
      text,
      this.#holes().map((hole) => ({
        from: hole.from,
        to: hole.to,
        part: ids.includes(hole.id) ? hole.length! : (hole.text ?? this.textOf(hole)),
      })),
    );
    this.#aborting = new AbortController();
    this.#begin(asked);
    const canvas = new HoleCanvas();
    let isDone = false;
    try {
      const body = { model, parts, ...other, ...options, ...seed };
      for await (const event of stream<FillEvent>('/unmask/infill', body, this.#aborting.signal)) {
        if (event.diffusion)
          for (const { hole, pieces } of canvas.read(event.diffusion)) this.#show(ids[hole], pieces);
        if (!event.holes) continue;
        this.#end(asked, event.holes, canvas);
        isDone = true;
      }
    } catch (error) {
      if (!isAbort(error)) this.problem.value = error;
    } finally {
      this.isFilling.value = false;
      this.#editor!.setWritable(true);
      // what was called off is as before
      if (!isDone) view.dispatch(putting(asked, false));
    }
  }

  #holes(): readonly Proposal[] {
    return this.#editor!.view.state.field(proposalsField);
  }

  #begin(asked: readonly Proposal[]): void {
    this.problem.value = undefined;
    this.news.value = '';
    this.isFilling.value = true;
    this.#editor!.setWritable(false);
    this.#editor!.view.dispatch(
      putting(
        asked.map((hole) => ({ ...hole, text: undefined })),
        false,
      ),
    );
  }

  #show(id: number, pieces: readonly Piece[]): void {
    this.#chips.draw(id, 'a hole that is being filled', pieces);
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
    this.#editor!.view.dispatch(putting(filled, false));
    this.news.value = filled.map(({ text }, n) => `Hole ${n + 1}: ${text}`).join('. ');
  }

  #draw({ id, length, text }: Proposal): void {
    const pieces = this.#pieces.get(id);
    if (text !== undefined && pieces) return this.#chips.draw(id, `proposed: ${text}`, pieces);
    const known = length && 'length' in length && length.length !== 'any' ? length.length : undefined;
    const masks = Array.from({ length: Math.min(known ?? 2, maxMasks) }, () => mask);
    const of = length === undefined || known !== undefined ? `${known} tokens` : 'a length to be found';
    this.#chips.draw(id, `a hole of ${of}`, masks);
  }
}
