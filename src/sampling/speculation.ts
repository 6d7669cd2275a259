import type { NdArray } from '../base/array.ts';
import { type CachedNetwork, range } from './cache.ts';
import { candidatesOf } from './candidates.ts';
import { maskedPositions } from './canvas.ts';
import type { Candidates, DecodeOptions } from './decode.ts';
import type { StepContext } from './predictor.ts';
import type { CountedPredictor } from './stats.ts';

/** A block of a canvas, in one of the continuations of a text that a forward computes beside one another. */
export interface Branch {
  /** The position of its first token. */
  readonly start: number;
  readonly tokens: Int32Array;
  /** The branch before it, which it sees, and what that one sees; −1 where it sees the memory alone. */
  readonly after: number;
}

/** The output of a network at a position of a branch. */
export interface BranchOutput {
  readonly branch: number;
  readonly position: number;
}

/** A network of blocks that see themselves and those before, which computes several continuations in one forward. */
export interface BranchingNetwork<Memory> extends CachedNetwork<Memory> {
  /** Positions in one forward, of all branches together, at most. */
  readonly mostPositions: number;
  /**
   * @param branches  each behind the one that it comes after
   * @param outputs   whose logits are wanted                        [R]
   * @param memory    of the positions before, which all of them see
   * @returns         logits [R, V], and the memory of all branches
   */
  branches(
    branches: readonly Branch[],
    outputs: readonly BranchOutput[],
    memory: Memory | undefined,
    context: StepContext,
  ): Promise<{ readonly logits: NdArray; readonly memory: Memory }>;
}

/** What is computed ahead. */
export interface Speculation {
  /** Of the blocks that the network was trained in. */
  readonly blockLength: number;
  readonly maskId: number;
  /** Canvases beside the one that is asked for, at most. */
  readonly ahead: number;
  /** Tokens of the longest canvas that may be asked for: of one that grows longer than it is now. */
  readonly longest: number;
  /** What can't be drafted: as decoding has them. */
  readonly decoding?: Pick<DecodeOptions, 'forbidden' | 'vocabularySize'>;
}

/** The masks of a block of which the logits are wanted. */
interface Question {
  /** The canvas up to the end of the block. */
  readonly xt: Int32Array;
  /** [R] */
  readonly rows: Int32Array;
}

interface Answer extends Question {
  /** [R, V] */
  readonly logits: NdArray;
}

/**
 * Self-speculative decoding: the network drafts, as it predicts all masks of a block at once, and verifies its drafts itself.
 * A canvas that is asked for is computed in one forward with those that are likely to be asked for next: its masks filled from
 * left to right by what was predicted of them last (`likeliestFillings`), and, behind a full block, the masks of the next.
 * Once the sampler comes to one of these, its logits are there. Whatever it makes of them, its text is the one that it would
 * have been (up to rounding: sums in another order), and only forwards are saved: no draft is accepted by a threshold or a coin.
 * After arXiv:2510.04147.
 *
 * It belongs to one canvas, which is predicted by one call after another.
 *
 * @param network  in which a block is never seen by those before it
 * @returns        the same logits [R, V] as a predictor without it, and how many forwards they took
 */
export function withSpeculation<Memory>(
  network: BranchingNetwork<Memory>,
  speculation: Speculation,
): CountedPredictor {
  const speculator = new Speculator(network, speculation);
  return {
    predict: async (...asked) => speculator.predict(...asked),
    forwards: () => speculator.forwards,
  };
}

class Speculator<Memory> {
  readonly #network: BranchingNetwork<Memory>;
  readonly #speculation: Speculation;
  /** Of the text before the latest block. */
  #memory: Memory | undefined;
  /** The tokens that the memory is of: whole blocks. */
  #remembered: Int32Array = new Int32Array(0);
  /** Those of the latest forward. */
  #answers: readonly Answer[] = [];
  /** The one that was given last. */
  #latest: Answer | undefined;
  forwards = 0;

  constructor(network: BranchingNetwork<Memory>, speculation: Speculation) {
    this.#network = network;
    this.#speculation = speculation;
  }

  async predict(canvas: Int32Array, rows: Int32Array, context: StepContext): Promise<NdArray> {
    const end = this.#startOf(context.block.start) + this.#speculation.blockLength;
    const question = { xt: canvas.slice(0, end), rows };
    const known = this.#answers.find((answer) => answers(answer, question));
    const answer = known ?? (await this.#compute(question, canvas, context));
    this.#latest = answer;
    return pickRows(
      answer.logits,
      Array.from(rows, (i) => answer.rows.indexOf(i)),
    );
  }

  /** Where the block of a position begins. */
  #startOf(i: number): number {
    return i - (i % this.#speculation.blockLength);
  }

  async #compute(question: Question, canvas: Int32Array, context: StepContext): Promise<Answer> {
    const { xt, rows } = question;
    const network = this.#network;
    const needed = this.#startOf(network.outputOf(rows[0]));
    const isHeld = this.#remembered.length <= needed && isPrefix(this.#remembered, xt);
    if (!isHeld) [this.#memory, this.#remembered] = [undefined, new Int32Array(0)];
    const next = this.#nextQuestions(question, canvas);
    this.forwards += 1;
    const made = await (next.length === 0
      ? this.#alone(question, context)
      : this.#together([question, ...next], context));
    this.#answers = made.answers;
    // what stands before the block stays; it and the next are others in each branch
    const start = this.#startOf(xt.length - 1);
    const branched = range(start, start + 2 * this.#speculation.blockLength);
    const written = network.evict(made.memory, new Set(branched));
    this.#memory = this.#memory === undefined ? written : network.merge(this.#memory, written);
    this.#remembered = xt.slice(0, start);
    return this.#answers[0];
  }

  /** What may be asked for after a question, as far as one forward has room. */
  #nextQuestions(question: Question, canvas: Int32Array): Question[] {
    const { ahead, decoding } = this.#speculation;
    const masked = this.#masksIn(question.xt);
    // what was said of this block last, or of it in a continuation that wasn't taken
    const drafts = this.#latest ? [this.#latest, ...this.#answers] : this.#answers;
    const draft = drafts.find((answer) => includesAll(answer.rows, masked));
    if (!draft) return [];
    const candidates = candidatesOf(draft, ahead, decoding);
    // each adds its block, and a full one the block behind it
    const start = this.#startOf(question.xt.length - 1);
    let free = this.#network.mostPositions - (question.xt.length - this.#remembered.length);
    const next: Question[] = [];
    for (const filling of likeliestFillings(candidates, masked, ahead)) {
      const filled = this.#filled(question, canvas, { masked, filling });
      if (filled.rows.length === 0) continue;
      free -= filled.xt.length - start;
      if (free < 0) break;
      next.push(filled);
    }
    return next;
  }

  /** A canvas with tokens for the first of its masks, up to the end of the block if that still has some, or of the next. */
  #filled(
    { xt: { length } }: Question,
    canvas: Int32Array,
    { masked, filling }: { readonly masked: readonly number[]; readonly filling: readonly number[] },
  ): Question {
    const { maskId, blockLength, longest } = this.#speculation;
    const end = filling.length < masked.length ? length : length + blockLength;
    const xt = new Int32Array(Math.min(end, longest)).fill(maskId);
    xt.set(canvas.subarray(0, xt.length));
    for (const [n, token] of filling.entries()) xt[masked[n]] = token;
    return { xt, rows: Int32Array.from(this.#masksIn(xt)) };
  }

  /** The masks of the last block of a canvas: guidance has some before it, where it masks what is given. */
  #masksIn(xt: Int32Array): number[] {
    const start = this.#startOf(xt.length - 1);
    return maskedPositions(xt, this.#speculation.maskId).filter((i) => i >= start);
  }

  async #alone(question: Question, context: StepContext): Promise<Computed<Memory>> {
    const { xt, rows } = question;
    const active = Int32Array.from(range(this.#remembered.length, xt.length));
    const { logits, memory } = await this.#network.forward(xt, active, rows, this.#memory, context);
    return { answers: [{ ...question, logits }], memory };
  }

  async #together(questions: readonly Question[], context: StepContext): Promise<Computed<Memory>> {
    const network = this.#network;
    const from = this.#remembered.length;
    const { branches, paths } = branchesOf(questions, from, this.#speculation.blockLength);
    const outputs = questions.flatMap(({ rows }, q) =>
      Array.from(rows, (i): BranchOutput => {
        const position = network.outputOf(i);
        return { branch: paths[q].get(this.#startOf(position))!, position };
      }),
    );
    const { logits, memory } = await network.branches(branches, outputs, this.#memory, context);
    const V = logits.shape[1];
    let first = 0;
    const answered = questions.map((question) => {
      const R = question.rows.length;
      const data = logits.data.subarray(first * V, (first + R) * V);
      first += R;
      return { ...question, logits: { shape: [R, V], data } };
    });
    return { answers: answered, memory };
  }
}

/** What a forward gave: the answer to the question that was asked first. */
interface Computed<Memory> {
  readonly answers: readonly Answer[];
  readonly memory: Memory;
}

/** The blocks of several canvases from a position on, each once, and for each canvas its branches by where they begin. */
function branchesOf(
  questions: readonly Question[],
  from: number,
  blockLength: number,
): { branches: readonly Branch[]; paths: readonly ReadonlyMap<number, number>[] } {
  const branches: Branch[] = [];
  const indices = new Map<string, number>();
  const paths = questions.map(({ xt }) => {
    const path = new Map<number, number>();
    let after = -1;
    for (let start = from; start < xt.length; start += blockLength) {
      const key = String(xt.subarray(from, start + blockLength));
      const index =
        indices.get(key) ?? branches.push({ start, tokens: xt.slice(start, start + blockLength), after }) - 1;
      indices.set(key, index);
      path.set(start, index);
      after = index;
    }
    return path;
  });
  return { branches, paths };
}

/** Whether an answer has what is wanted. */
const answers = (answer: Answer, { xt, rows }: Question): boolean =>
  answer.xt.length === xt.length && includesAll(answer.rows, rows) && isPrefix(answer.xt, xt);

const isPrefix = (tokens: Int32Array, xt: Int32Array): boolean => tokens.every((token, i) => token === xt[i]);

const includesAll = (rows: Int32Array, wanted: ArrayLike<number>): boolean =>
  Array.from(wanted).every((i) => rows.includes(i));

function pickRows({ shape: [, V], data }: NdArray, rows: readonly number[]): NdArray {
  const picked = new Float32Array(rows.length * V);
  for (const [r, row] of rows.entries()) picked.set(data.subarray(row * V, (row + 1) * V), r * V);
  return { shape: [rows.length, V], data: picked };
}

/**
 * Tokens for the first masks of a block, for one of them to all: those that are likeliest if no mask depends on another,
 * p = Π_i p(x^i), the likeliest first.
 *
 * @param candidates  of the masked positions, and maybe of others
 * @param masked      ascending
 */
export function likeliestFillings(
  { positions, tokens, probabilities }: Candidates,
  masked: readonly number[],
  count: number,
): number[][] {
  const width = tokens.length / positions.length;
  const cells = masked.map((i) => positions.indexOf(i) * width);
  /** Which candidate each of the first masks has. */
  interface Choice {
    readonly ranks: readonly number[];
    /** Of all but the last. */
    readonly before: number;
    readonly p: number;
  }
  const open: Choice[] = [];
  const add = (earlier: readonly number[], rank: number, before: number): void => {
    if (earlier.length === masked.length || rank === width) return;
    open.push({ ranks: [...earlier, rank], before, p: before * probabilities[cells[earlier.length] + rank] });
  };
  const best: number[][] = [];
  add([], 0, 1);
  while (best.length < count && open.length > 0) {
    const at = open.reduce((most, { p }, i) => (p > open[most].p ? i : most), 0);
    const [{ ranks, before, p }] = open.splice(at, 1);
    best.push(ranks.map((rank, n) => tokens[cells[n] + rank]));
    add(ranks, 0, p);
    add(ranks.slice(0, -1), ranks.at(-1)! + 1, before);
  }
  return best;
}
