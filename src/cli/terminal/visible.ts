/**
 * A text that is safe to send to a terminal: what would move the cursor, change the colours, ring or reorder the line
 * is written as a sign that can be seen. A model may emit any byte, so this is the way of all its output to a screen.
 * Line feeds stay, tabs become spaces.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) => {
    if (character === '\n') return character;
    if (character === '\t') return '    ';
    const code = character.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code); // ␀ … ␟
    return code === 0x7f ? '␡' : `<${code.toString(16).padStart(2, '0')}>`;
  });
}
