import {
  characters,
  choice,
  type Expression,
  literally,
  type Ranges,
  repeated,
  sequence,
} from './expression.ts';
import type { JsonSchema } from './json-keywords.ts';
import type { Room } from './json-room.ts';
import { jsonLanguage } from './json-schema.ts';
import { parseRegularExpression, whole } from './regular-expression.ts';

/** A language that a program puts together: of given texts, of what matches a pattern, of JSON by a schema. Plain data. */
export type Language =
  | { readonly kind: 'text'; readonly text: string }
  /** One character of these. */
  | { readonly kind: 'characters'; readonly ranges: Ranges }
  | { readonly kind: 'regex'; readonly regex: string }
  | { readonly kind: 'json'; readonly schema: JsonSchema }
  | { readonly kind: 'sequence'; readonly parts: readonly Language[] }
  | { readonly kind: 'choice'; readonly options: readonly Language[] }
  /** `most` is absent where there is no bound. */
  | { readonly kind: 'repetition'; readonly part: Language; readonly least: number; readonly most?: number };

/**
 * The texts of a language.
 *
 * @param room  how much of a schema's bounds is worth counting
 * @throws InvalidOptionError  for a pattern that is none
 * @throws UnsupportedError    for a pattern or schema that no automaton describes
 */
export function expressionOf(language: Language, room: Room): Expression {
  const of = (part: Language): Expression => expressionOf(part, room);
  switch (language.kind) {
    case 'text':
      return literally(language.text);
    case 'characters':
      return characters(language.ranges);
    case 'regex':
      return whole(parseRegularExpression(language.regex, 'language'));
    case 'json':
      return jsonLanguage(language.schema, room);
    case 'sequence':
      return sequence(...language.parts.map(of));
    case 'choice':
      return choice(...language.options.map(of));
    case 'repetition':
      return repeated(of(language.part), language.least, language.most ?? Infinity);
    default:
      return language satisfies never;
  }
}
