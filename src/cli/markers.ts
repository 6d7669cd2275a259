import type { InfillPart } from '../language-model/language-model.ts';
import { show } from '../base/errors.ts';
import type { TextSpan } from '../base/text-edits.ts';
import { UsageError } from './command.ts';

/** What stands around a hole, or around text that is to be rewritten. */
export interface Marker {
  readonly opening: string;
  readonly closing: string;
}

/** Each character beside its mirror image. */
const brackets = '{}[]()<>';

/**
 * A marker from its opening, whose mirror image closes it ("[[" and "]]"), or from both with a space between.
 *
 * @throws UsageError  for a marker that can't be told from what stands in it
 */
export function markerOf(text: string, flag: string): Marker {
  const [opening, closing, ...more] = text.split(' ');
  if (more.length > 0 || opening === '' || closing === '' || /[\d\s]/.test(opening + (closing ?? ''))) {
    throw new UsageError(
      `${flag}: must be an opening like "[[", or an opening and a closing like "<< >>", without digits, got ${show(text)}`,
    );
  }
  const mirror = Array.from(opening, mirrored).toReversed();
  return { opening, closing: closing ?? mirror.join('') };
}

function mirrored(character: string): string {
  const at = brackets.indexOf(character);
  return at < 0 ? character : brackets[at ^ 1];
}

/**
 * A text with holes in parts: `{{24}}` is a hole of 24 tokens, `{{8..32}}` one of 8 to 32 and `{{?}}` one of any number.
 * `{{{{}}` is the opening itself, as text. Every opening must be one of these: nothing is a hole by mistake, or text.
 *
 * @param maxLength  tokens that the model sees at most, of which a hole leaves some for text
 * @throws UsageError  with line and column of what isn't a hole, or can't be filled, or where there is none
 */
export function partsOf(text: string, marker: Marker, maxLength = Infinity): InfillPart[] {
  const parts: InfillPart[] = [];
  let firstHole: number | undefined;
  let given = '';
  for (const { between, content, start } of marked(text, marker, holeRemedy(marker))) {
    given += between;
    if (content === undefined) continue;
    if (content === marker.opening) {
      given += content;
      continue;
    }
    const found = /^\s*(?:(\d+)(?:\.\.(\d+))?|\?)\s*$/.exec(content);
    const refuse = (problem: string): never => {
      const whole = marker.opening + content + marker.closing;
      throw new UsageError(`${markerPlace(text, start)}: ${show(whole)} ${problem}`);
    };
    if (!found) return refuse(`is no hole; ${holeRemedy(marker)}`);
    const [, least, most = least] = found;
    if (Number(least) < 1) refuse('must have at least 1 token');
    if (Number(most) < Number(least)) refuse('must have its lower number first');
    if (Number(most) >= maxLength) {
      refuse(`must leave room for text beside it in the model's longest sequence (${maxLength} tokens)`);
    }
    firstHole ??= start;
    if (given !== '') parts.push(given);
    given = '';
    if (least === undefined) parts.push({ length: 'any' });
    else if (most === least) parts.push({ length: Number(least) });
    else parts.push({ minimum: Number(least), maximum: Number(most) });
  }
  if (given !== '') parts.push(given);
  if (firstHole === undefined) throw new UsageError(`there is no hole in the text; ${holeRemedy(marker)}`);
  if (parts.every((part) => typeof part !== 'string')) {
    const place = markerPlace(text, firstHole);
    throw new UsageError(
      `${place}: there must be text beside the holes; to write from nothing, unmask generate`,
    );
  }
  return parts;
}

/**
 * A text in which some stretches stand between marks: the text without the marks, and where the stretches are in it.
 *
 * @throws UsageError  with line and column of a mark that isn't closed, or where there is none
 */
export function spansOf(text: string, marker: Marker): { text: string; spans: TextSpan[] } {
  const remedy = `write ${marker.opening}text${marker.closing} around what is to be rewritten, or choose another --mark`;
  const spans: TextSpan[] = [];
  let plain = '';
  for (const { between, content } of marked(text, marker, remedy)) {
    plain += between;
    if (content === undefined) continue;
    if (content !== '') spans.push({ start: plain.length, end: plain.length + content.length });
    plain += content;
  }
  if (spans.length === 0) throw new UsageError(`nothing is marked in the text; ${remedy}`);
  return { text: plain, spans };
}

/** A text cut at its marks: what stands before each mark, and in it; at the end what is behind the last. */
function* marked(
  text: string,
  { opening, closing }: Marker,
  remedy: string,
): Generator<{ between: string; content?: string; start: number }> {
  let at = 0;
  for (;;) {
    const start = text.indexOf(opening, at);
    if (start < 0) break;
    const from = start + opening.length;
    // the opening itself may be what stands in a mark
    const inner = text.startsWith(opening + closing, from) ? from + opening.length : from;
    const end = text.indexOf(closing, inner);
    if (end < 0)
      throw new UsageError(`${markerPlace(text, start)}: ${show(opening)} isn't closed; ${remedy}`);
    yield { between: text.slice(at, start), content: text.slice(from, end), start };
    at = end + closing.length;
  }
  yield { between: text.slice(at), start: text.length };
}

const holeRemedy = ({ opening, closing }: Marker): string =>
  `write ${opening}24${closing}, ${opening}8..32${closing} or ${opening}?${closing}, and ${opening}${opening}${closing} for ${show(opening)} itself, or choose another --hole`;

/** Where a reader finds a place in a text: line and column, from 1. */
export function markerPlace(text: string, at: number): string {
  const before = text.slice(0, at).split(/\r\n|\n|\r/);
  return `line ${before.length}, column ${Array.from(before.at(-1)!).length + 1}`;
}
