import { signal } from '@preact/signals';
import {
  type Excerpt,
  excerptAround,
  type Filling,
  type HoleLength,
  lengthLike,
  lengthsForWords,
  mask,
  partsOf,
} from '../core/filling.ts';
import type { KeptProposal } from '../core/stretches.ts';
import type { Values } from '../parts/field-input.tsx';
import type { ServedModel } from '../parts/model-picker.tsx';
import { countTokens, fillingsOf } from './fill-request.ts';
import { ProposalEditor } from './proposal-editor.ts';
import { dropping, type Proposal, putting } from './proposals.ts';
import { retryTemperature } from './temperatures.ts';

/** Where others are wanted: how many, in how many tries, and how much warmer each is than the one before. */
const othersWanted = 4;
const othersTried = 8;
const othersWarmer = 0.1;

/** The sign of a mask stands at most so often in a hole that is still to be filled. */
const maxMasks = 12;

/** Of a text of more characters the words around the holes are sent: the rest a model could not see, and it may have no end. */
export const mostCharacters = 20_000;
/** Characters of a token, at most as a rule: so far a model could see on each side of a hole. */
const charactersOfToken = 8;
const usualContext = 1024;

/** The model that writes. */
export type AskedModel = Pick<ServedModel, 'id' | 'context_length' | 'defaults'> | undefined;

/** Who is asked for what else could stand in a hole, and how. */
interface Asked {
  readonly model: AskedModel;
  readonly options: Values;
}

/** An editor whose proposals a model writes into holes: of several that were written for one a person takes one. */
export abstract class HoleEditor extends ProposalEditor {
  /** What has been written for each proposal, in order. */
  readonly #written = signal<ReadonlyMap<number, readonly Filling[]>>(new Map());
  /** How often something was asked again: each time with another seed. */
  protected retries = 0;

  /** Has a few more texts written for each of some holes; what stands in one stays until another is chosen. */
  async findOthers(holes: readonly Proposal[], model: AskedModel, options: Values): Promise<void> {
    await this.working(async (signal) => {
      const found: string[] = [];
      for (const hole of holes) found.push(...(await this.othersFor(hole, { model, options }, signal)));
      this.news.value = found.length === 0 ? 'No others were found.' : `Others: ${found.join('; ')}`;
    });
  }

  /** What else has been written into a hole, in order. */
  others({ id, text }: Proposal): readonly Filling[] {
    return this.#writtenIn(id).filter((one) => one.text !== text);
  }

  /** Has another text of those in a hole. */
  choose(hole: Proposal, { text }: Filling): void {
    this.view.dispatch(putting([{ ...hole, text }], true));
    this.focus();
  }

  /**
   * Has a few more texts written for a hole, one after the other. One that is new has the first of them.
   *
   * @returns those that are new
   */
  protected async othersFor(
    hole: Proposal,
    { model, options }: Asked,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    this.doing.value = 'Looking for others …';
    const isNew = this.placed.every(({ id }) => id !== hole.id);
    if (isNew) this.view.dispatch(putting([hole], false));
    const known = this.others(hole).length;
    try {
      const excerpt = this.excerptAround([hole], model?.context_length);
      const lengths = await this.lengthsOf(hole, model?.id, signal);
      for (let n = 0; n < othersTried && this.others(hole).length < known + othersWanted; n++) {
        const parts = this.partsFor(excerpt, new Map([[hole.id, lengths[n % lengths.length]]]));
        // warmer each time, or a short hole would have the same again
        const usual = Number((retryTemperature + n * othersWarmer).toFixed(2));
        this.retries += 1;
        const seed = typeof options.seed === 'number' ? { seed: options.seed + this.retries } : {};
        const sampling = { temperature: usual, ...options, ...seed };
        const fillings = await fillingsOf({ model: model?.id, parts, ...sampling }, signal);
        if (fillings) this.keep(hole.id, fillings[0]);
      }
    } finally {
      const [first] = this.others(hole);
      if (isNew) this.view.dispatch(dropping([hole.id], false));
      if (isNew && first) this.view.dispatch(putting([{ ...hole, text: first.text }], true));
    }
    return this.others(hole)
      .slice(known)
      .map(({ text }) => text.trim());
  }

  /** What of a text the model is sent, with some holes of it. */
  protected excerptAround(asked: readonly Proposal[], contextLength = usualContext): Excerpt {
    if (this.text.length <= mostCharacters) return { from: 0, to: this.text.length };
    return excerptAround(this.text, asked, charactersOfToken * contextLength);
  }

  /**
   * The text around some holes, and these; the others are as they stand: what is proposed for them, or their old text.
   *
   * @param lengths  of those that are asked for, by their ids
   */
  protected partsFor(
    { from, to }: Excerpt,
    lengths: ReadonlyMap<number, HoleLength>,
  ): ReturnType<typeof partsOf> {
    const inside = this.placed.filter((hole) => hole.from >= from && hole.to <= to);
    const places = inside.map((hole) => ({
      from: hole.from - from,
      to: hole.to - from,
      part: lengths.get(hole.id) ?? hole.text ?? this.slice(hole),
    }));
    return partsOf(this.text.slice(from, to), places);
  }

  /** The lengths of a hole that the server may be asked: where nobody asked for one, by the words that stand there. */
  protected async lengthsOf(
    hole: Proposal,
    model: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly HoleLength[]> {
    const { length } = hole;
    if (length && !('like' in length)) return [length];
    const old = this.slice(hole);
    const part = old.trim();
    if (part === '') return [{ length: 'any' }];
    const isSpaced = /^\s/.test(old) || /\s/.test(this.text.charAt(hole.from - 1));
    const tokens = await countTokens(model, { part, isSpaced }, signal);
    return length ? [lengthLike(length.like, tokens)] : lengthsForWords(part, tokens);
  }

  /** The proposals with all that was written for each, as they are kept. */
  protected get kept(): readonly KeptProposal[] {
    return this.placed.map(({ id, ...one }) => ({ ...one, written: this.#writtenIn(id) }));
  }

  /** Proposals as they were kept, or new ones, with ids of their own. */
  protected proposalsOf(
    kept: readonly (Omit<Proposal, 'id'> & Partial<KeptProposal>)[],
  ): readonly Proposal[] {
    return kept.map(({ written = [], ...one }) => {
      const id = this.nextId++;
      for (const filling of written) this.keep(id, filling);
      return { ...one, id };
    });
  }

  /** Takes what was written for a proposal among what may be chosen. */
  protected keep(id: number, filling: Filling): void {
    const known = this.#writtenIn(id);
    if (known.some(({ text }) => text === filling.text)) return;
    this.#written.value = new Map(this.#written.value).set(id, [...known, filling]);
  }

  #writtenIn(id: number): readonly Filling[] {
    return this.#written.value.get(id) ?? [];
  }

  protected override draw({ id, length, text }: Proposal): void {
    if (text !== undefined) {
      const filling = this.#writtenIn(id).find((one) => one.text === text);
      const pieces = filling?.pieces ?? (text === '' ? [] : [{ token: 0, text, confidence: null }]);
      return this.chips.draw(id, `proposed: ${text}`, pieces);
    }
    const known = length && 'length' in length && length.length !== 'any' ? length.length : undefined;
    // of a length to be found: about as many as the words that stood there
    const old = this.placed.find((one) => one.id === id);
    const words = (old && this.slice(old).match(/\S+/g)?.length) ?? 2;
    const masks = Array.from({ length: Math.min(known ?? words, maxMasks) }, () => mask);
    const of = known === undefined ? 'a length to be found' : `${known} tokens`;
    this.chips.draw(id, `a hole of ${of}`, masks);
  }
}
