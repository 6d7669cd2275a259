import { stream } from '../client.ts';
import { HoleCanvas, type HoleLength, mask, partsOf, type Piece } from '../core/filling.ts';
import type { RecordedFrame } from '../core/recording.ts';
import type { Values } from '../parts/field-input.tsx';
import { ProposalEditor } from '../text/proposal-editor.ts';
import { dropping, type Proposal, putting } from '../text/proposals.ts';

interface FillEvent {
  readonly diffusion?: RecordedFrame;
  readonly holes?: readonly { readonly text: string; readonly tokens: number }[];
  readonly seed?: number;
}

/** Where a person asks for another text and says no temperature. */
export const retryTemperature = 0.8;

/** The sign of a mask stands at most so often in a hole that is still to be filled. */
const maxMasks = 12;

/** A text with holes, which are proposals of a length, and what has been written into them. */
export class Filler extends ProposalEditor<'filling'> {
  /** How what is proposed came to be seen, by hole. */
  readonly #pieces = new Map<number, readonly Piece[]>();
  #retries = 0;

  /**
   * Puts the editor into the page.
   *
   * @param first  a part of the text that is a hole from the beginning
   * @returns      what takes it away
   */
  open(host: HTMLElement, text: string, first?: string): () => void {
    const close = this.openIn(host, {
      text,
      label: 'Text with holes',
      keys: [{ key: 'Alt-h', run: () => this.makeHole() }],
      keepsOld: false,
    });
    const at = first === undefined ? -1 : text.indexOf(first);
    if (first !== undefined && at >= 0) {
      const place = { id: this.nextId++, from: at, to: at + first.length };
      this.view.dispatch(putting([{ ...place, length: { length: 'any' } }], false));
    }
    this.focus();
    return close;
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
  async fill(asked: readonly Proposal[], model: string | undefined, options: Values): Promise<void> {
    if (asked.length === 0) return;
    await this.working('filling', async (signal) => {
      const ids = asked.map(({ id }) => id);
      const body = { model, parts: this.#partsFor(ids), ...this.#retryOptions(asked, options) };
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
          if (event.diffusion)
            for (const { hole, pieces } of canvas.read(event.diffusion))
              this.chips.draw(ids[hole], 'a hole that is being filled', pieces);
          if (!event.holes) continue;
          this.#end(asked, event.holes, canvas);
          isDone = true;
        }
      } finally {
        // what was called off is as before
        if (!isDone) this.view.dispatch(putting(asked, false));
      }
    });
  }

  /** The text around some holes, and these. */
  #partsFor(ids: readonly number[]) {
    const places = this.placed.map((hole) => ({
      from: hole.from,
      to: hole.to,
      part: ids.includes(hole.id) ? hole.length! : (hole.text ?? this.slice(hole)),
    }));
    return partsOf(this.text, places);
  }

  /** The options, with another seed where holes are filled again. */
  #retryOptions(asked: readonly Proposal[], options: Values): Values {
    const isAgain = asked.some((hole) => hole.text !== undefined);
    this.#retries += isAgain ? 1 : 0;
    const seed = typeof options.seed === 'number' ? { seed: options.seed + this.#retries } : {};
    // at temperature 0 the next text would be the same
    return { ...(isAgain && { temperature: retryTemperature }), ...options, ...seed };
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
    const masks = Array.from({ length: Math.min(known ?? 2, maxMasks) }, () => mask);
    const of = length === undefined || known !== undefined ? `${known} tokens` : 'a length to be found';
    this.chips.draw(id, `a hole of ${of}`, masks);
  }
}
