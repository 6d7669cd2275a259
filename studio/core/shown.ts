import { type Style, styleOf as levelOf } from '../../src/cli/terminal/cells.ts';
import { visible } from '../../src/cli/terminal/visible.ts';

/** How a position looks: as on the terminal, by how sure the model was; `filled` is a token that was not predicted. */
export function styleOf(token: number | null, confidence: number | null): Style | 'filled' {
  if (token === null) return 'mask';
  return confidence === null ? 'filled' : levelOf(confidence);
}

/** The text of a position as it can be seen: a mask as shades, an end token as a dot, control characters as signs. */
export function shownText(token: number | null, text: string): string {
  if (token === null) return '▒▒▒';
  return text === '' ? '·' : visible(text);
}

export const percent = (probability: number): string =>
  probability > 0.9995 ? '100 %' : `${(100 * probability).toFixed(1)} %`;
