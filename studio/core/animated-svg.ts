import type { LaidOutLine } from '../../src/cli/terminal/layout.ts';

/** How an animation is drawn. */
export interface AnimationOptions {
  /** Characters a line. */
  readonly columns: number;
  /** How long a frame is seen. */
  readonly frameSeconds: number;
  /** How long the last frame is seen, before it all begins again. */
  readonly restSeconds: number;
  readonly title: string;
}

const [characterWidth, lineHeight, margin] = [8.43, 20, 14];

/**
 * Frames as an animated SVG, in the colours of the terminal, light or dark as the reader's system is. It moves by its
 * style sheet alone, so that it also does so in an `img`.
 *
 * @param frames  each laid out in lines of at most `columns`
 */
export function animatedSvg(
  frames: readonly (readonly LaidOutLine[])[],
  { columns, frameSeconds, restSeconds, title }: AnimationOptions,
): string {
  const rows = frames.reduce((most, lines) => Math.max(most, lines.length), 1);
  const [width, height] = [Math.ceil(columns * characterWidth) + 2 * margin, rows * lineHeight + 2 * margin];
  const seconds = frames.length * frameSeconds + restSeconds;

  /** A frame is seen for its time and hidden before and after; the last one until the end. */
  const visibility = (index: number): string => {
    const percent = (time: number): string => `${((100 * time) / seconds).toFixed(3)}%`;
    const isLast = index === frames.length - 1;
    const [from, to] = [percent(index * frameSeconds), isLast ? '100%' : percent((index + 1) * frameSeconds)];
    return `@keyframes f${index}{0%{opacity:0}${from}{opacity:1}${to}{opacity:${isLast ? 1 : 0}}100%{opacity:${isLast ? 1 : 0}}}`;
  };

  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>
rect{fill:#fff}text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#1f2328}
.given{font-weight:600}.likely{fill:#20528c}.unsure{fill:#2f6db3}.guess{fill:#4a78ab}.mask,.special{fill:#afb8c1}
.frame{opacity:0;animation-duration:${seconds}s;animation-timing-function:step-end;animation-iteration-count:infinite}
.frame:last-of-type{opacity:1}
@media (prefers-color-scheme:dark){rect{fill:#0d1117}text{fill:#e6edf3}.likely{fill:#b5d6f8}.unsure{fill:#7db8f5}.guess{fill:#5e93cd}.mask,.special{fill:#484f58}}
${frames.map((_, index) => visibility(index)).join('\n')}
</style>
<rect width="100%" height="100%" rx="8"/>
${frames.map(group).join('\n')}
</svg>
`;
}

function group(lines: readonly LaidOutLine[], index: number): string {
  const text = lines.map(
    ({ pieces }, row) =>
      `<text x="${margin}" y="${margin + (row + 0.75) * lineHeight}">${pieces.map(piece).join('')}</text>`,
  );
  return `<g class="frame" style="animation-name:f${index}">${text.join('')}</g>`;
}

const piece = ({ text, style }: LaidOutLine['pieces'][number]): string =>
  `<tspan class="${style}">${escaped(text)}</tspan>`;

/** Text as XML has it. Half a surrogate pair, and what no XML may have, becomes `�`. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
