import type { Frame } from '../../sampling/sample.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Job, JobProgress, TokenReport } from './protocol.ts';
import { FrameStream } from './frame-stream.ts';

/** How a mask looks in a snapshot. */
export const maskSign = '▒';

/** What reading frames needs of a model. */
export interface TextStreamOptions {
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
export class TextStream {
  readonly #model: TextStreamOptions;
  readonly #job: Pick<Job, 'stop' | 'logprobs' | 'view' | 'top'>;
  /** What a position was written from, by position in the canvas. */
  readonly #top = new Map<number, NonNullable<TokenReport['top']>>();
  #last: Frame | undefined;
  readonly #region: FrameStream;
  /** Ids of the answer that are final, end token excluded. */
  #ids: readonly number[] = [];
  #text = '';
  #reported: TokenReport[] = [];
  #hasEnded = false;
  #isWhole = false;
  #stoppedBy: string | undefined;

  constructor(model: TextStreamOptions, job: Pick<Job, 'stop' | 'logprobs' | 'view' | 'top'>) {
    this.#model = model;
    this.#job = job;
    this.#region = new FrameStream(model);
  }

  /** The final text so far. */
  get text(): string {
    return this.#text;
  }

  get tokens(): readonly TokenReport[] {
    return this.#reported;
  }

  /** The token by which the model ended the answer, of which it has no text. */
  get end(): TokenReport | undefined {
    if (!this.#hasEnded || this.#stoppedBy !== undefined) return undefined;
    return this.#reportOf(this.#ids.length, '');
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
    return this.#hasEnded || this.#stoppedBy !== undefined || this.#region.behind > 0;
  }

  /** Steps that were made. */
  get steps(): number {
    return this.#last?.step ?? 0;
  }

  /** Tokens around the answer. */
  get promptTokens(): number {
    return this.#region.start + this.#region.behind;
  }

  /** What a frame adds; the frame of step 0 comes first. */
  read(frame: Frame): JobProgress {
    this.#region.read(frame);
    this.#last = frame;
    if (this.#job.top) this.#noteTop(frame);
    const { view } = this.#job;
    const [text, tokens] = [this.#text.length, this.#reported.length];
    this.#settle(frame);
    return {
      ...this.#since(text, tokens),
      ...(view === 'snapshots' && { snapshot: this.#isWhole ? this.#text : this.#snapshot(frame) }),
      ...(view === 'frames' && { frame: this.#region.tell(frame) }),
    };
  }

  /** What was held back, once nothing follows. */
  finish(): JobProgress {
    const [text, tokens] = [this.#text.length, this.#reported.length];
    this.#isWhole = true;
    if (this.#last) this.#settle(this.#last);
    return { ...this.#since(text, tokens), ...(this.#job.view === 'snapshots' && { snapshot: this.#text }) };
  }

  #since(text: number, tokens: number): JobProgress {
    return { text: this.#text.slice(text), tokens: this.#reported.slice(tokens) };
  }

  /** Reads what has become final. */
  #settle(frame: Frame): void {
    if (this.#stoppedBy !== undefined) return;
    const { endIds } = this.#model;
    const { tokens } = frame;
    const { start, behind } = this.#region;
    const final = start + this.#region.committedIn(frame);

    const ids: number[] = [];
    for (let i = start; i < final; i++) {
      if (behind === 0 && endIds.includes(tokens[i])) {
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
  }

  /** Keeps what the tokens of this step were chosen from. */
  #noteTop({ candidates, changed }: Frame): void {
    const { top = 0 } = this.#job;
    const rowAt = new Map(Array.from(candidates?.positions ?? [], (i, r) => [i, r]));
    for (const i of changed) {
      const r = rowAt.get(i);
      if (r === undefined || !candidates) continue;
      const k = candidates.tokens.length / candidates.positions.length;
      const tokens = Array.from(candidates.tokens.subarray(r * k, r * k + Math.min(k, top)), (token, n) => ({
        text: this.#model.tokenizer.decode([token]),
        logprob: logOf(candidates.probabilities[r * k + n]),
      }));
      this.#top.set(i, tokens);
    }
  }

  /** Reports of the tokens whose text is out. */
  #report(tokens: Int32Array): void {
    const { tokenizer } = this.#model;
    for (let n = this.#reported.length; n < this.#ids.length; n++) {
      if (!this.#isWhole && this.#textOf(tokens, n + 1).length > this.#text.length) break;
      this.#reported.push(this.#reportOf(n, tokenizer.decode([this.#ids[n]])));
    }
  }

  /** The report of a token of the answer. */
  #reportOf(n: number, text: string): TokenReport {
    const position = this.#region.start + n;
    const confidence = this.#region.confidenceAt(position);
    return {
      text,
      ...(confidence !== undefined && { logprob: logOf(confidence) }),
      ...(this.#job.top && { top: this.#top.get(position) ?? [] }),
    };
  }

  /** The text of the first tokens of the answer. */
  #textOf(tokens: Int32Array, count: number): string {
    const { tokenizer, contextTokens, before } = this.#model;
    const from = Math.max(0, this.#region.start - contextTokens);
    const context = tokenizer.decode(tokens.slice(from, this.#region.start));
    const whole = tokenizer.decode(tokens.slice(from, this.#region.start + count));
    const text = whole.startsWith(context)
      ? whole.slice(context.length)
      : tokenizer.decode(tokens.slice(this.#region.start, this.#region.start + count));
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
    for (let i = this.#region.start; i < tokens.length - this.#region.behind; i++) {
      if (tokens[i] !== maskId) {
        run.push(tokens[i]);
        continue;
      }
      text += tokenizer.decode(run) + maskSign;
      run = [];
    }
    return text + tokenizer.decode(run);
  }
}

/** The logarithm of a probability as JSON can carry it. */
export const logOf = (probability: number): number => Math.max(-9999, Math.log(probability));

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
