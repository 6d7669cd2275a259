import { InvalidOptionError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { placesOf, replaced, type TextSpan, withReplacement } from '../base/text-edits.ts';
import { tokenCosts } from '../likelihood/token-costs.ts';
import { type FillingOptions, showingSchema } from '../sampling/options.ts';
import { type SampleStats, together } from '../sampling/stats.ts';
import { tokenSpans } from '../tokenizer/token-spans.ts';
import {
  countOf,
  divided,
  doubtful,
  probabilityIn,
  readWords,
  touches,
  wordNumbers,
  wordsOf,
} from './doubts.ts';
import { constraintIn } from '../sampling/constraint/constrain.ts';
import type { HoleLength } from './infill-windows.ts';
import { type EditOptions, editSchema, usualChange } from './edit-options.ts';
import { closing, fillingOptions, type HoleModel, infillText } from './infill.ts';
import type { Edit, EditRequest, InfillPart, ScoredToken, TextChange } from './language-model.ts';

/**
 * `Model.edit`: a text is read, what the model doubts is masked again, and written as holes are.
 *
 * Each pass reads the text once, rewrites, and reads it again; what nobody marked is changed only where the model finds
 * the new words likelier than the old ones, token by token.
 */
export const editText = async (model: HoleModel, request: EditRequest): Promise<Edit> =>
  new Editing(model, request).edit();

/** A text while it is edited. */
class Editing {
  readonly #model: HoleModel;
  readonly #request: EditRequest;
  readonly #own: EditOptions;
  /** What is asked of its holes, and what that is with all defaults. */
  readonly #asked: object;
  readonly #filling: FillingOptions;
  readonly #spent: SampleStats[] = [];
  #scored = 0;
  #changes: TextChange[] = [];
  #current: string;
  /** The tokens of the current text. */
  #tokens: readonly ScoredToken[] = [];

  constructor(model: HoleModel, request: EditRequest) {
    const { text, spans, onFrame: _, signal: __, logitBias: ___, candidates, ...asked } = request;
    const known = Object.entries(asked).filter(([, value]) => value !== undefined);
    const own = Object.fromEntries(known.filter(([key]) => key in editSchema.shape));
    this.#model = model;
    this.#request = request;
    this.#current = text;
    this.#own = checkOptions(editSchema, own);
    this.#asked = Object.fromEntries(known.filter(([key]) => !(key in editSchema.shape)));
    this.#filling = fillingOptions(model, this.#asked);
    checkOptions(showingSchema, { candidates });
    if (spans) checkSpans(text, spans, own);
    const { stretch = 0 } = this.#own;
    if (stretch > model.maxLength / 4) {
      const problem = `must be at most a quarter of the model's longest sequence (${model.maxLength} tokens)`;
      throw new InvalidOptionError('stretch', problem, stretch);
    }
  }

  async edit(): Promise<Edit> {
    const { text, spans } = this.#request;
    const { threshold, passes, dryRun } = this.#own;
    const tokens = (this.#tokens = await this.#read(text));
    const limit = this.#maxChanged(tokens);
    let doubts: readonly TextSpan[] | undefined;
    for (let pass = 0; pass < passes; pass++) {
      const room = limit - countOf(tokens.filter((token) => touches(token, this.#changes)));
      const changed = placesOf(this.#changes);
      const chosen = spans ?? doubtful(this.#current, this.#tokens, { threshold, room, changed });
      doubts ??= chosen;
      if (chosen.length === 0 || dryRun) break;
      const isLast = pass + 1 === passes;
      if (!(await this.#rewrite(chosen, isLast))) break;
    }
    const changes = this.#changes.map((change) => ({
      ...change,
      before: text.slice(change.start, change.end),
    }));
    const [scored, stats] = [this.#scored, together(this.#spent)];
    return { text: this.#current, changes, doubts: doubts ?? [], tokens, scored, stats };
  }

  /** Tokens that may change. */
  #maxChanged(tokens: readonly ScoredToken[]): number {
    const { spans, text } = this.#request;
    const { maxChange = spans ? 1 : usualChange } = this.#own;
    const limit = Math.floor(maxChange * countOf(tokens));
    if (!spans && this.#own.maxChange === undefined) {
      // of a short text one word, the least likely, may be more than that
      const [least] = readWords(text, tokens).toSorted((a, b) => a.probability - b.probability);
      return Math.max(limit, countOf(least?.tokens ?? []));
    }
    if (spans && countOf(tokens.filter((token) => touches(token, spans))) > limit) {
      const problem = 'must be at least the share of the text that is marked';
      throw new InvalidOptionError('maxChange', problem, maxChange);
    }
    return limit;
  }

  /** How likely each token of a text is, given the other words, and what of its own stands before it. */
  async #read(text: string): Promise<ScoredToken[]> {
    const model = this.#model;
    const { signal } = this.#request;
    const atoms = tokenSpans(text, model.tokenizer);
    const ids = atoms.flatMap((atom) => atom.ids);
    const opened = model.opening(ids);
    const x0 = Int32Array.from(closing(model, opened, this.#filling));
    const before = opened.length - ids.length;
    const words = wordNumbers(text, atoms, { before, length: x0.length });
    const { nats, forwards } = await tokenCosts(model.score, { ...model, x0, words, signal });
    this.#scored += forwards;
    let at = before;
    return atoms.map(({ start, end, ids }) => {
      const costs = nats.subarray(at, (at += ids.length));
      return {
        start,
        end,
        tokens: ids.length,
        probability: Math.exp(-costs.reduce((a, b) => Math.max(a, b))),
      };
    });
  }

  /** One pass over some stretches. @returns whether something was changed */
  async #rewrite(chosen: readonly TextSpan[], isLast: boolean): Promise<boolean> {
    const [current, tokens] = [this.#current, this.#tokens];
    if (chosen.length === 1 && chosen[0].end - chosen[0].start === current.length) {
      const problem = 'must leave some of the text as it is, and the model doubts all of it';
      throw new InvalidOptionError('maxChange', problem, this.#own.maxChange);
    }
    const pieces = chosen.flatMap((span) => divided(span, tokens, Math.ceil(this.#model.maxLength / 2)));
    const fills = await this.#fill(pieces);
    const written = pieces.map(({ start, end }, n) => ({ start, end, after: fills[n].text }));
    const now = await this.#read(replaced(current, written));
    const places = placesOf(written);
    const better = written.flatMap(({ start, end, after }, n): TextChange[] => {
      const before = current.slice(start, end);
      const probability = {
        before: probabilityIn(tokens, { start, end }),
        after: probabilityIn(now, places[n]),
      };
      if (before === after || (!this.#request.spans && !isLikelier(probability))) return [];
      return [{ start, end, before, after, probability }];
    });
    if (better.length === 0) return false;
    const { text } = this.#request;
    // from the last to the first, so that the places of those before it hold
    for (const change of better.toReversed()) this.#changes = withReplacement(text, this.#changes, change);
    this.#current = replaced(text, this.#changes);
    if (!isLast) this.#tokens = better.length === written.length ? now : await this.#read(this.#current);
    return true;
  }

  /**
   * Has some stretches of the current text written anew. What stands in a rare word, of many tokens, is mostly a common one,
   * of few: a stretch is drafted in as many tokens as it has, and in ever fewer, and the likeliest draft is taken.
   */
  async #fill(pieces: readonly TextSpan[]): Promise<readonly Draft[]> {
    const lengths = pieces.map((span) => this.#lengthsFor(span));
    const best = await this.#draft(
      pieces,
      lengths.map(([first]) => first),
    );
    for (let k = 1; lengths.some((those) => k < those.length); k++) {
      const drafts = await this.#draft(
        pieces,
        lengths.map((those, n) => those[k] ?? best[n].text),
      );
      for (const [n, draft] of drafts.entries())
        if (k < lengths[n].length && draft.nats < best[n].nats) best[n] = draft;
    }
    return best;
  }

  /** @param into  what comes in the place of each piece: a text, or a hole of so many tokens, which is filled */
  async #draft(pieces: readonly TextSpan[], into: readonly (HoleLength | string)[]): Promise<Draft[]> {
    const { onFrame, signal, candidates, logitBias } = this.#request;
    const drafts = into.map((text) => ({ text: String(text), nats: 0 }));
    const open = [...into.keys()].filter((n) => typeof into[n] !== 'string');
    const filled = await infillText(this.#model, {
      temperature: 0,
      ...this.#asked,
      parts: partsOf(this.#current, pieces, into),
      candidates,
      logitBias,
      signal,
      onFrame: (frame, holes) => {
        for (const { hole, start, end } of holes)
          drafts[open[hole]].nats = -frame.confidence
            .subarray(start, end)
            .reduce((sum, p) => sum + Math.log(p), 0);
        return onFrame?.(
          frame,
          holes.map((place) => ({ ...place, replaces: pieces[open[place.hole]] })),
        );
      },
    });
    for (const [hole, n] of open.entries()) drafts[n].text = filled.holes[hole].text;
    this.#scored += filled.searched;
    this.#spent.push(filled.stats);
    return drafts;
  }

  /** In how many tokens a stretch is drafted, one after the other. */
  #lengthsFor(span: TextSpan): readonly HoleLength[] {
    const { stretch } = this.#own;
    const tokens = this.#tokens.filter((token) => touches(token, [span]));
    const length = countOf(tokens);
    if (stretch === undefined) {
      // of a long stretch, and where a constraint says what is written, there is only one length
      const isShort = length <= longestDrafted && constraintIn(this.#filling) === undefined;
      const least = isShort ? wordsOf(this.#current, tokens).length : length;
      return Array.from({ length: length - least + 1 }, (_, less) => length - less);
    }
    // with nothing behind it no length is likelier than another
    const isKept = stretch === 0 || (span.end === this.#current.length && !this.#filling.complete);
    return [isKept ? length : [Math.max(1, length - stretch), length + stretch]];
  }
}

/** What was written into a hole: its text, and −log p of its tokens, each as it was unmasked. */
interface Draft {
  readonly text: string;
  readonly nats: number;
}

/** A stretch of more tokens is no word, and keeps its length. */
const longestDrafted = 8;

/** By more than what sums are rounded to. */
const isLikelier = ({ before, after }: TextChange['probability']): boolean => after > before * (1 + 1e-6);

/** A text with something in the place of each of some pieces: another text, or a hole. */
function partsOf(
  text: string,
  pieces: readonly TextSpan[],
  into: readonly (HoleLength | string)[],
): InfillPart[] {
  const parts: InfillPart[] = [];
  let before = '';
  for (const [n, { start }] of pieces.entries()) {
    before += text.slice(pieces[n - 1]?.end ?? 0, start);
    const now = into[n];
    if (typeof now === 'string') before += now;
    else {
      parts.push(before, { length: now });
      before = '';
    }
  }
  return [...parts, before + text.slice(pieces.at(-1)!.end)].filter((part) => part !== '');
}

function checkSpans(text: string, spans: readonly TextSpan[], asked: object): void {
  for (const option of ['threshold', 'passes']) {
    if (option in asked) {
      const problem = 'has no use where it is said what is to be rewritten';
      throw new InvalidOptionError(option, problem, asked[option as keyof typeof asked]);
    }
  }
  const wrong = spans.find(
    ({ start, end }, n) =>
      !(
        Number.isSafeInteger(start) &&
        end > start &&
        end <= text.length &&
        start >= (spans[n - 1]?.end ?? 0)
      ),
  );
  if (spans.length === 0 || wrong) {
    const problem = 'must be stretches of the text in order, not empty, which do not overlap';
    throw new InvalidOptionError('spans', problem, wrong ?? spans);
  }
  if (spans.length === 1 && spans[0].start === 0 && spans[0].end === text.length) {
    const problem = 'must leave some of the text as it is; to write from nothing, generate';
    throw new InvalidOptionError('spans', problem, spans);
  }
}
