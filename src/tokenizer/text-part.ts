/**
 * Some text or the id of a token that was spelled there. A text by itself is as a person wrote it; one in an object was
 * searched for added tokens already: for all of them where it is normalised too, else for those that are looked for in the
 * text as it is.
 */
export type TextPart = string | number | SearchedText;

interface SearchedText {
  readonly text: string;
  readonly isNormalised: boolean;
}

/** The text of a part; undefined for a token. */
export function textOfPart(part: TextPart): string | undefined {
  if (typeof part === 'number') return undefined;
  return typeof part === 'string' ? part : part.text;
}

/** A part with its text changed; tokens stay. */
export function changePart(part: TextPart, change: (text: string) => string): TextPart {
  if (typeof part === 'number') return part;
  return typeof part === 'string' ? change(part) : { ...part, text: change(part.text) };
}

/** What stands in `whole` behind `beginning`; undefined where it begins otherwise. */
export function partsBehind(
  beginning: readonly TextPart[],
  whole: readonly TextPart[],
): TextPart[] | undefined {
  for (const [i, part] of beginning.entries()) {
    const other = whole[i];
    const [text, longer] = [textOfPart(part), other === undefined ? undefined : textOfPart(other)];
    if (typeof part === typeof other && (text === undefined ? part === other : text === longer)) continue;
    const goesOn =
      i === beginning.length - 1 &&
      typeof part === typeof other &&
      text !== undefined &&
      longer?.startsWith(text) === true;
    if (!goesOn) return undefined;
    return [changePart(other, (all) => all.slice(text.length)), ...whole.slice(i + 1)];
  }
  return whole.slice(beginning.length);
}
