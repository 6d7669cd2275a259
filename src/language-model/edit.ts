import { InvalidOptionError } from '../base/errors.ts';
import { tokenCosts } from '../likelihood/token-costs.ts';
import { closing, fillingOptions, type HoleModel, infillText } from './infill.ts';
import type { Edit, EditRequest, InfillPart, ScoredToken, TextChange } from './language-model.ts';
import { checkOptions } from '../base/options.ts';
import { editSchema } from './edit-options.ts';
import { showingSchema } from '../sampling/options.ts';
import { type SampleStats, together } from '../sampling/stats.ts';
import { placesOf, replaced, type TextSpan, withReplacement } from '../base/text-edits.ts';
import { tokenSpans } from '../tokenizer/token-spans.ts';

/**
 * `Model.edit`: a text is read, what the model doubts is masked again, and written as holes are.
 *
 * Each pass reads the text once, rewrites, and reads it again; what nobody marked is changed only where the model finds
 * the new words likelier than the old ones, token by token.
 */
export async function editText(model: HoleModel, request: EditRequest): Promise<Edit> {
  const { text, spans, onFrame, signal, candidates, ...asked } = request;
  const known = Object.entries(asked).filter(([, value]) => value !== undefined);
  const own = Object.fromEntries(known.filter(([key]) => key in editSchema.shape));
  const filling = Object.fromEntries(known.filter(([key]) => !(key in editSchema.shape)));
  const { threshold = 0.001, maxChange, passes = 1, stretch, dryRun } = checkOptions(editSchema, own);
  const options = fillingOptions(model, filling);
  checkOptions(showingSchema, { candidates });
  if (spans) checkSpans(text, spans, own);
  if (stretch > model.maxLength / 4) {
    const problem = `must be at most a quarter of the model's longest sequence (${model.maxLength} tokens)`;
    throw new InvalidOptionError('stretch', problem, stretch);
  }

  const spent: SampleStats[] = [];
  let scored = 0;
  async function read(of: string): Promise<ScoredToken[]> {
    const atoms = tokenSpans(of, model.tokenizer);
    const ids = atoms.flatMap((atom) => atom.ids);
    const opened = model.opening(ids);
    const x0 = Int32Array.from(closing(model, opened, options));
    const { nats, forwards } = await tokenCosts(model.score, { x0, ...model, signal });
    scored += forwards;
    let at = opened.length - ids.length;
    return atoms.map(({ start, end, ids }) => {
      const costs = nats.subarray(at, (at += ids.length));
      return { start, end, tokens: ids.length, probability: Math.exp(-Math.max(...costs)) };
    });
  }

  const tokens = await read(text);
  const most = Math.floor((maxChange ?? (spans ? 1 : 0.2)) * countOf(tokens));
  if (spans && countOf(tokens.filter((token) => touches(token, spans))) > most) {
    throw new InvalidOptionError(
      'maxChange',
      'must be at least the share of the text that is marked',
      maxChange,
    );
  }
  let changes: TextChange[] = [];
  let doubts: readonly TextSpan[] | undefined;
  let [current, sure] = [text, tokens];
  for (let pass = 0; pass < passes; pass++) {
    const changed = placesOf(changes);
    const room = most - countOf(tokens.filter((token) => touches(token, changes)));
    const chosen = spans ?? doubtful(current, sure, { threshold, room, changed });
    doubts ??= chosen;
    if (chosen.length === 0 || dryRun) break;
    if (chosen.length === 1 && chosen[0].end - chosen[0].start === current.length) {
      const problem = 'must leave some of the text as it is, and the model doubts all of it';
      throw new InvalidOptionError('maxChange', problem, maxChange);
    }
    const pieces = chosen.flatMap((span) => divided(span, sure, Math.ceil(model.maxLength / 2)));
    const parts = partsOf(current, pieces, (span) => {
      const length = countOf(sure.filter((token) => touches(token, [span])));
      // with nothing behind it no length is likelier than another
      const isKept = stretch === 0 || (span.end === current.length && !options.complete);
      return isKept ? length : [Math.max(1, length - stretch), length + stretch];
    });
    const filled = await infillText(model, {
      temperature: 0,
      ...filling,
      parts,
      candidates,
      signal,
      onFrame: (frame, holes) =>
        onFrame?.(
          frame,
          holes.map((place) => ({ ...place, replaces: pieces[place.hole] })),
        ),
    });
    scored += filled.searched;
    spent.push(filled.stats);

    const written = pieces.map(({ start, end }, n) => ({ start, end, after: filled.holes[n].text }));
    const now = await read(replaced(current, written));
    const places = placesOf(written);
    const better = written.flatMap(({ start, end, after }, n): TextChange[] => {
      const before = current.slice(start, end);
      const probability = {
        before: probabilityIn(sure, { start, end }),
        after: probabilityIn(now, places[n]),
      };
      if (before === after || (!spans && !isLikelier(probability))) return [];
      return [{ start, end, before, after, probability }];
    });
    if (better.length === 0) break;
    // from the last to the first, so that the places of those before it hold
    for (const change of better.toReversed()) changes = withReplacement(text, changes, change);
    current = replaced(text, changes);
    if (pass + 1 < passes) sure = better.length === written.length ? now : await read(current);
  }
  const named = changes.map((change) => ({ ...change, before: text.slice(change.start, change.end) }));
  return { text: current, changes: named, doubts: doubts ?? [], tokens, scored, stats: together(spent) };
}

/** By more than what sums are rounded to. */
const isLikelier = ({ before, after }: TextChange['probability']): boolean => after > before * (1 + 1e-6);

const touches = (token: TextSpan, spans: readonly TextSpan[]): boolean =>
  spans.some(({ start, end }) => token.start < end && token.end > start);

/** How many tokens of the model they are. */
export const countOf = (tokens: readonly ScoredToken[]): number =>
  tokens.reduce((sum, token) => sum + token.tokens, 0);

/** The geometric mean of the probabilities of the tokens in a stretch; of nothing it is 1. */
function probabilityIn(tokens: readonly ScoredToken[], span: TextSpan): number {
  const inside = tokens.filter((token) => touches(token, [span]));
  const nats = inside.reduce((sum, { probability }) => sum - Math.log(probability), 0);
  return Math.exp(-nats / Math.max(1, inside.length));
}

/**
 * The words in which a token is less likely than the threshold, the least likely first, as far as there is room for
 * their tokens; neighbours are one stretch. What has been changed before takes no room.
 */
function doubtful(
  text: string,
  tokens: readonly ScoredToken[],
  { threshold, room, changed }: { threshold: number; room: number; changed: readonly TextSpan[] },
): TextSpan[] {
  const words = wordsOf(text, tokens)
    .map((word) => ({
      start: word[0].start,
      end: word.at(-1)!.end,
      cost: word.reduce((sum, token) => sum + (touches(token, changed) ? 0 : token.tokens), 0),
      probability: Math.min(...word.map((token) => token.probability)),
    }))
    .filter(({ start, end, probability }) => probability < threshold && text.slice(start, end).trim() !== '')
    .sort((a, b) => a.probability - b.probability);
  let left = room;
  const chosen = words.filter(({ cost }) => {
    if (cost > left) return false;
    left -= cost;
    return true;
  });
  const spans: { start: number; end: number }[] = [];
  for (const { start, end } of chosen.sort((a, b) => a.start - b.start)) {
    const last = spans.at(-1);
    if (last?.end === start) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}

/** A stretch cut between tokens, so that no piece has more of them than some. */
function divided({ start, end }: TextSpan, tokens: readonly ScoredToken[], most: number): TextSpan[] {
  const cuts: number[] = [];
  let length = 0;
  for (const token of tokens.filter((one) => touches(one, [{ start, end }]))) {
    if (length > 0 && length + token.tokens > most) {
      cuts.push(token.start);
      length = 0;
    }
    length += token.tokens;
  }
  return [start, ...cuts].map((from, n) => ({ start: from, end: cuts[n] ?? end }));
}

/** The tokens of a text, those of one word together. */
function wordsOf(text: string, tokens: readonly ScoredToken[]): ScoredToken[][] {
  const words: ScoredToken[][] = [];
  for (const token of tokens) {
    const before = text.slice(0, token.start).at(-1) ?? '';
    const inside =
      /[\p{L}\p{N}\p{M}'’]$/u.test(before) && /^[\p{L}\p{N}\p{M}'’]/u.test(text.slice(token.start));
    if (inside) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words;
}

function partsOf(
  text: string,
  spans: readonly TextSpan[],
  lengthOf: (span: TextSpan) => number | readonly [number, number],
): InfillPart[] {
  const parts = spans.flatMap((span, n): InfillPart[] => [
    text.slice(spans[n - 1]?.end ?? 0, span.start),
    { length: lengthOf(span) },
  ]);
  return [...parts, text.slice(spans.at(-1)!.end)].filter((part) => part !== '');
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
