import { signal } from '@preact/signals';
import { post, stream } from '../client.ts';
import { type Filling, HoleCanvas } from '../core/filling.ts';
import type { RecordedFrame } from '../core/recording.ts';
import { type DoubtLook, doubtOf, likelihood, nothingLikelier, whyLeft } from '../core/doubt.ts';
import { type KeptDoubt, type KeptProposal, overlap } from '../core/stretches.ts';
import { wordDiff } from '../core/word-diff.ts';
import type { Values } from '../parts/field-input.tsx';
import { optionSchemas } from '../parts/options.ts';
import { type AskedModel, HoleEditor } from '../text/hole-editor.ts';
import { layerOf, type Stretch } from '../text/layer.ts';
import { dropping, type Proposal, putting } from '../text/proposals.ts';

/** A word of the text, or a sign, and how likely the model finds the least likely of its tokens. */
export interface Doubt extends Stretch, KeptDoubt {
  readonly look: DoubtLook;
}

interface Change {
  readonly from: number;
  readonly to: number;
  readonly old: string;
  readonly new: string;
  readonly probability: { readonly old: number; readonly new: number };
}

interface EditEvent {
  readonly diffusion?: RecordedFrame;
  readonly changes?: readonly Change[];
  /** What was written anew. */
  readonly doubts?: readonly Place[];
}

/** What came of a text of which nothing was marked. */
interface Answer {
  readonly text: string;
  /** What was written anew, and what of it was suggested. */
  readonly written: readonly Place[];
  readonly suggested: readonly Place[];
  readonly options: Values;
}

type Place = Pick<Stretch, 'from' | 'to'>;

/** A text, what of it is marked, what the model doubts in it, and what was suggested. */
export interface MarkedText {
  readonly text: string;
  readonly marks?: readonly Place[];
  readonly doubts?: readonly KeptDoubt[];
  readonly proposals?: readonly KeptProposal[];
}

/** What is said where nothing is suggested; the reason is beside it. */
export const nothingSuggested = 'Nothing to change.';

/** A text, what a model doubts in it, what a person marked, and what the model would write instead. */
export class Rewriter extends HoleEditor {
  readonly doubts = signal<readonly Doubt[]>([]);
  readonly marks = signal<readonly Stretch[]>([]);
  readonly #doubts = layerOf<Doubt>((doubts) => (this.doubts.value = doubts));
  readonly #marks = layerOf<Stretch>((marks) => (this.marks.value = marks));
  /** Why nothing was suggested, in a sentence, and what helps. */
  readonly reason = signal('');
  /** What was asked last. */
  #asked = '';
  #answer: Answer | undefined;

  /** Puts the editor into the page, with what is marked from the beginning. */
  open(host: HTMLElement, { text, marks = [], doubts = [], proposals = [] }: MarkedText): void {
    this.openIn(host, {
      text,
      label: 'Text to edit',
      keys: [{ key: 'Alt-m', run: () => (this.mark(), true) }],
      keepsOld: true,
      extensions: [this.#doubts.extension, this.#marks.extension],
    });
    this.#setMarks(marks.filter(({ from, to }) => from < to).map((mark) => ({ ...mark, look: 'marked' })));
    this.#setDoubts(doubts);
    this.view.dispatch(putting(this.proposalsOf(proposals), false));
    this.focus();
  }

  /** Has another text in place of this one, which an undo brings back. */
  async take({ text }: Pick<MarkedText, 'text'>): Promise<void> {
    await this.replace(text);
  }

  get content(): MarkedText {
    return {
      text: this.text,
      marks: this.marks.value.map(({ from, to }) => ({ from, to })),
      doubts: this.doubts.value.map(({ from, to, probability, left }) => ({ from, to, probability, left })),
      proposals: this.kept,
    };
  }

  /** The word before a sign, by which one knows where it stands; '' before a word. */
  wordBefore({ from, to }: Stretch): string {
    if (/[\p{L}\p{N}]/u.test(this.slice({ from, to }))) return '';
    return /[\p{L}\p{N}'’]+\s*$/u.exec(this.text.slice(Math.max(0, from - 40), from))?.[0] ?? '';
  }

  /** Marks the words of a stretch, or of the selection, or the one at the cursor; what is marked there already isn't any more. */
  mark(stretch?: Place): void {
    if (this.isBusy.value) return;
    const words = this.wordsOf(stretch ?? this.view.state.selection.main);
    const { from, to } = words;
    if (from < to && this.slice(words).trim() === '') {
      this.news.value = 'A blank alone can’t be marked: select a word.';
      return;
    }
    const inside = this.marks.value.filter((one) => overlap(one, words));
    const others = this.marks.value.filter((one) => !inside.includes(one));
    const added = inside.length > 0 || from === to ? [] : [{ from, to, look: 'marked' }];
    this.#setMarks([...others, ...added].sort((a, b) => a.from - b.from));
  }

  unmark(): void {
    this.#setMarks([]);
    this.focus();
  }

  /** Asks how likely each token is. */
  async read(model: string | undefined): Promise<void> {
    await this.working(async (signal) => {
      this.doing.value = 'Reading …';
      const text = this.text;
      const { tokens } = await post<{
        tokens: readonly { from: number; to: number; probability: number }[];
      }>('/unmask/doubts', { model, text }, signal);
      const words = new Map<number, KeptDoubt>();
      for (const { from, to, probability } of tokens) {
        const start = to - text.slice(from, to).trimStart().length;
        if (start === to) continue;
        const word = this.wordsOf({ from: start, to });
        const known = words.get(word.from);
        if (known && known.probability <= probability) continue;
        words.set(word.from, { ...word, probability });
      }
      this.#setDoubts(this.#explained([...words.values()]));
      const doubts = this.doubts.value;
      const unlikely = doubts.filter(({ look }) => look !== '').length;
      this.news.value = `${unlikely} of ${doubts.length} words and signs under 1 %.`;
    });
  }

  /**
   * Has what is marked written anew, or what the model doubts. What was proposed before goes; where the same is asked again it
   * stays, and others are looked for.
   */
  async rewrite(model: AskedModel, options: Values): Promise<void> {
    const { text, placed } = this;
    const marks = this.marks.value;
    const asked = JSON.stringify([model?.id, text, marks, options]);
    if (asked === this.#asked && placed.length > 0) return this.findOthers(placed, model, ofWriting(options));
    this.#asked = asked;
    await this.working(async (signal) => {
      this.doing.value = 'Looking for likelier words …';
      const spans = marks.length > 0 ? { spans: marks.map(({ from, to }) => [from, to]) } : {};
      this.#dropAll();
      this.#explain(undefined);
      const { changes, doubts } = await this.#written(
        { model: model?.id, text, ...spans, ...options },
        signal,
      );
      if (!changes) return;
      this.#propose(changes);
      const suggested = this.placed.map(({ from, to }) => ({ from, to }));
      if (marks.length === 0) this.#explain({ text, written: doubts ?? [], suggested, options });
      // whoever marks a word wants another, and be it less likely
      const same = marks.filter((mark) => !changes.some((one) => overlap(one, mark)));
      for (const { from, to } of options.dryRun === true ? [] : same)
        await this.othersFor({ id: this.nextId++, from, to }, { model, options: ofWriting(options) }, signal);
      this.#setMarks([]);
      this.#tell(doubts ?? [], { ...options, isMarked: marks.length > 0 });
    });
  }

  /** Has a few other words written for a stretch, however likely they are. */
  async suggestOthers(place: Place, model: AskedModel, options: Values): Promise<void> {
    const { from, to } = place;
    const there = this.placed.find((one) => overlap(one, place));
    await this.findOthers([there ?? { id: this.nextId++, from, to }], model, ofWriting(options));
  }

  /** What stands in the text already is no other. */
  override others(proposal: Proposal): readonly Filling[] {
    const old = this.slice(proposal).trim();
    return super.others(proposal).filter(({ text }) => text.trim() !== old);
  }

  /** What the server wrote; nothing where it ended before. */
  async #written(body: object, signal: AbortSignal): Promise<EditEvent> {
    const canvas = new HoleCanvas();
    const firstId = this.nextId;
    let written: EditEvent = {};
    try {
      for await (const event of stream<EditEvent>('/unmask/edit', body, signal)) {
        if (event.diffusion) this.#watch(canvas, event.diffusion, firstId);
        if (event.changes) written = event;
      }
    } finally {
      // what was called off leaves the text as it was
      this.view.dispatch(
        dropping(
          this.placed.map(({ id }) => id),
          false,
        ),
      );
    }
    return written;
  }

  #setMarks(marks: readonly Stretch[]): void {
    this.view.dispatch({ effects: this.#marks.replace.of(marks) });
  }

  #setDoubts(doubts: readonly KeptDoubt[]): void {
    const looks = doubts.map((one): Doubt => {
      const { probability } = one;
      return { ...one, look: doubtOf(probability), title: likelihood(probability) };
    });
    this.view.dispatch({ effects: this.#doubts.replace.of(looks) });
  }

  /** Says beside each word that was read why it was left as it is. */
  #explain(answer: Answer | undefined): void {
    this.#answer = answer;
    this.#setDoubts(this.#explained(this.doubts.value));
  }

  /** The words with why each was left as it is, where this text was asked for. */
  #explained(doubts: readonly KeptDoubt[]): readonly KeptDoubt[] {
    const answer = this.#answer?.text === this.text ? this.#answer : undefined;
    return doubts.map(({ from, to, probability }) => {
      const word = { from, to, probability };
      const isIn = (places: readonly Place[]) => places.some((one) => overlap(one, word));
      if (!answer || isIn(answer.suggested)) return word;
      const { threshold = optionSchemas.value?.edit.properties?.threshold?.default, dryRun } = answer.options;
      const asked = { threshold: Number(threshold), dryRun: dryRun === true };
      return { ...word, left: whyLeft({ probability, isWritten: isIn(answer.written) }, asked) };
    });
  }

  #dropAll(): void {
    const ids = this.placed.map(({ id }) => id);
    if (ids.length > 0) this.view.dispatch(dropping(ids));
  }

  /** The first pass is seen in the text; later ones are about another text than is seen. */
  #watch(canvas: HoleCanvas, frame: RecordedFrame, firstId: number): void {
    const holes = canvas.read(frame);
    if (canvas.passes > 1) return;
    if (frame.reset) {
      const proposals = holes.flatMap(({ hole, replaces }) =>
        replaces ? [{ id: firstId + hole, from: replaces[0], to: replaces[1] }] : [],
      );
      this.nextId = Math.max(this.nextId, ...proposals.map(({ id }) => id + 1));
      this.view.dispatch(putting(proposals, false));
    }
    for (const { hole, pieces } of holes) this.chips.draw(firstId + hole, 'being rewritten', pieces);
  }

  #propose(changes: readonly Change[]): void {
    const proposals = changes.flatMap(({ from, old, new: now, probability }) =>
      wordDiff(old, now).map((hunk): Proposal => {
        const id = this.nextId++;
        const piece = { token: 0, text: hunk.text, confidence: probability.new };
        this.keep(id, { text: hunk.text, pieces: hunk.text === '' ? [] : [piece] });
        return { id, from: from + hunk.from, to: from + hunk.to, text: hunk.text };
      }),
    );
    this.view.dispatch(putting(proposals, true));
  }

  #tell(doubts: readonly Place[], asked: Values): void {
    const quoted = (text: string): string => (text.trim() === '' ? 'nothing' : `“${text.trim()}”`);
    const said = this.placed.map((one) => `${quoted(this.slice(one))} → ${quoted(one.text ?? '')}`);
    const words = doubts.map((one) => quoted(this.slice(one)));
    this.reason.value = nothingLikelier(words, asked);
    this.news.value = said.length === 0 ? nothingSuggested : `${said.length} suggested: ${said.join('; ')}.`;
  }
}

/** Of the options of an edit those by which words are written. */
function ofWriting(options: Values): Values {
  const { properties = {} } = optionSchemas.value?.infill ?? {};
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in properties));
}
