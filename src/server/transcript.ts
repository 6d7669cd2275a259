import type { Frame } from '../sampling/sample.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Change, DiffusionFrame, Job, Progress, TokenReport } from './protocol.ts';

/** How a mask looks in a snapshot. */
export const maskSign = '▒';

/** What reading frames needs of a model. */
export interface Reading {
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  readonly endIds: readonly number[];
  /** Tokens in front of the answer that its text depends on: some tokenizers drop a space at the beginning of a text. */
  readonly contextTokens: number;
  /** The text in front of the answer, where the canvas may lack the space at its end: the answer then begins with it. */
  readonly before?: string;
}

/**
 * Reads the frames of one answer as text that only grows.
 *
 * The answer is what was masked in the first frame, from the first mask to the last. Its final text is that of the tokens
 * that no later step changes, as far as no later token can change it: half a character is held back, and so is what
 * may be the beginning of a stop text.
 */
export class Transcript {
  readonly #model: Reading;
  readonly #job: Pick<Job, 'stop' | 'logprobs' | 'view'>;
  #last: Frame | undefined;
  #start = 0;
  /** Given tokens behind the answer. */
  #behind = 0;
  #confidence = new Map<number, number>();
  #revision = -1;
  #lengthSeen = -1;
  /** Ids of the answer that are final, end token excluded. */
  #ids: readonly number[] = [];
  #text = '';
  #reported: TokenReport[] = [];
  #hasEnded = false;
  #isWhole = false;
  #stoppedBy: string | undefined;

  constructor(model: Reading, job: Pick<Job, 'stop' | 'logprobs' | 'view'>) {
    this.#model = model;
    this.#job = job;
  }

  /** The final text so far. */
  get text(): string {
    return this.#text;
  }

  get tokens(): readonly TokenReport[] {
    return this.#reported;
  }

  get completionTokens(): number {
    return this.#ids.length;
  }

  /** The stop text that ended the answer: nothing that comes later is read. */
  get stoppedBy(): string | undefined {
    return this.#stoppedBy;
  }

  /** Whether the model itself ended the answer, or there is text behind it that it leads to. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#stoppedBy !== undefined || this.#behind > 0;
  }

  /** Steps that were made. */
  get steps(): number {
    return this.#last?.step ?? 0;
  }

  /** Tokens around the answer. */
  get promptTokens(): number {
    return this.#start + this.#behind;
  }

  /** What a frame adds; the frame of step 0 comes first. */
  read(frame: Frame): Progress {
    if (frame.step === 0) this.#begin(frame);
    this.#remember(frame);
    this.#last = frame;
    const { view } = this.#job;
    const [text, tokens] = [this.#text.length, this.#reported.length];
    const committed = this.#settle(frame);
    return {
      ...this.#since(text, tokens),
      ...(view === 'snapshots' && { snapshot: this.#isWhole ? this.#text : this.#snapshot(frame) }),
      ...(view === 'frames' && { frame: this.#frame(frame, committed) }),
    };
  }

  /** What was held back, once nothing follows. */
  finish(): Progress {
    const [text, tokens] = [this.#text.length, this.#reported.length];
    this.#isWhole = true;
    if (this.#last) this.#settle(this.#last);
    return { ...this.#since(text, tokens), ...(this.#job.view === 'snapshots' && { snapshot: this.#text }) };
  }

  #since(text: number, tokens: number): Progress {
    return { text: this.#text.slice(text), tokens: this.#reported.slice(tokens) };
  }

  #begin({ tokens }: Frame): void {
    const { maskId } = this.#model;
    this.#start = tokens.indexOf(maskId);
    this.#behind = tokens.length - 1 - tokens.lastIndexOf(maskId);
  }

  /** How sure the model was of each token when it wrote it: a later frame tells of later predictions. */
  #remember({ tokens, changed, sources, confidence }: Frame): void {
    if (sources) {
      const known = this.#confidence;
      const moved = sources.map((from, to) => [to, known.get(from)] as const);
      this.#confidence = new Map(moved.filter((entry): entry is [number, number] => entry[1] !== undefined));
    }
    for (const i of changed) {
      if (tokens[i] === this.#model.maskId || Number.isNaN(confidence[i])) this.#confidence.delete(i);
      else this.#confidence.set(i, confidence[i]);
    }
  }

  /** Reads what has become final. @returns how many positions of the answer are */
  #settle(frame: Frame): number {
    const { endIds } = this.#model;
    const { tokens } = frame;
    const end = tokens.length - this.#behind;
    const final = Math.min(end, frame.final);
    const committed = final - this.#start;
    if (this.#stoppedBy !== undefined) return committed;

    const ids: number[] = [];
    for (let i = this.#start; i < final; i++) {
      if (this.#behind === 0 && endIds.includes(tokens[i])) {
        this.#hasEnded = true;
        break;
      }
      ids.push(tokens[i]);
    }
    this.#ids = ids;
    this.#isWhole ||= this.#hasEnded;
    const whole = this.#textOf(tokens, ids.length);
    const cut = firstStop(whole, this.#job.stop);
    if (cut) {
      this.#stoppedBy = cut.stop;
      this.#isWhole = true;
      this.#ids = ids.slice(0, this.#tokensWithin(tokens, cut.at));
      this.#text = whole.slice(0, cut.at);
    } else {
      this.#text = this.#isWhole ? whole : whole.slice(0, safeLength(whole, this.#job.stop));
    }
    if (this.#job.logprobs) this.#report(tokens);
    return committed;
  }

  /** Reports of the tokens whose text is out. */
  #report(tokens: Int32Array): void {
    const { tokenizer } = this.#model;
    for (let n = this.#reported.length; n < this.#ids.length; n++) {
      if (!this.#isWhole && this.#textOf(tokens, n + 1).length > this.#text.length) break;
      const confidence = this.#confidence.get(this.#start + n);
      this.#reported.push({
        text: tokenizer.decode([this.#ids[n]]),
        ...(confidence !== undefined && { logprob: Math.max(-9999, Math.log(confidence)) }),
      });
    }
  }

  /** The text of the first tokens of the answer. */
  #textOf(tokens: Int32Array, count: number): string {
    const { tokenizer, contextTokens, before } = this.#model;
    const from = Math.max(0, this.#start - contextTokens);
    const context = tokenizer.decode(tokens.slice(from, this.#start));
    const whole = tokenizer.decode(tokens.slice(from, this.#start + count));
    const text = whole.startsWith(context)
      ? whole.slice(context.length)
      : tokenizer.decode(tokens.slice(this.#start, this.#start + count));
    const hasSpace = before?.endsWith(' ') && !context.endsWith(' ');
    return hasSpace ? text.replace(/^ /, '') : text;
  }

  /** How many tokens the first characters of the answer take. */
  #tokensWithin(tokens: Int32Array, characters: number): number {
    let count = 0;
    while (count < this.#ids.length && this.#textOf(tokens, count).length < characters) count++;
    return count;
  }

  #snapshot({ tokens }: Frame): string {
    const { tokenizer, maskId } = this.#model;
    let text = '';
    let run: number[] = [];
    for (let i = this.#start; i < tokens.length - this.#behind; i++) {
      if (tokens[i] !== maskId) {
        run.push(tokens[i]);
        continue;
      }
      text += tokenizer.decode(run) + maskSign;
      run = [];
    }
    return text + tokenizer.decode(run);
  }

  #frame({ step, block, t, tokens, changed, sources }: Frame, committed: number): DiffusionFrame {
    const { maskId, tokenizer } = this.#model;
    const length = tokens.length - this.#behind - this.#start;
    // where the canvas was resized, positions mean something else: the reader begins anew
    const reset = length !== this.#lengthSeen || sources !== undefined;
    this.#lengthSeen = length;
    this.#revision += 1;
    const positions = reset ? Array.from({ length }, (_, i) => this.#start + i) : changed;
    const changes = positions
      .filter((i) => !reset || tokens[i] !== maskId)
      .map((i): Change => {
        const isMask = tokens[i] === maskId;
        const confidence = this.#confidence.get(i);
        return {
          position: i - this.#start,
          token: isMask ? null : tokens[i],
          text: isMask ? '' : tokenizer.decode([tokens[i]]),
          confidence: confidence === undefined ? null : Number(confidence.toPrecision(4)),
        };
      });
    return { revision: this.#revision, step, block, t, length, committed, reset, changes };
  }
}

/** The first place where a text holds one of the stop texts. */
function firstStop(text: string, stops: readonly string[]): { at: number; stop: string } | undefined {
  let first: { at: number; stop: string } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at >= 0 && (!first || at < first.at)) first = { at, stop };
  }
  return first;
}

/** The length of a text without half a character at its end, and without what may become a stop text. */
function safeLength(text: string, stops: readonly string[]): number {
  let safe = text.length;
  while (safe > 0 && text[safe - 1] === '\ufffd') safe--;
  for (const stop of stops) {
    for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) {
      if (!text.endsWith(stop.slice(0, n))) continue;
      safe = Math.min(safe, text.length - n);
      break;
    }
  }
  return safe;
}
