import picocolors from 'picocolors';
import type { Style } from './cells.ts';
import type { Io, Output } from '../command.ts';

/** Puts the codes of a colour or a style around a text. */
export type Paint = (text: string) => string;

/** Colours for what goes to `output`: NO_COLOR forbids them, FORCE_COLOR demands them, else a terminal has them. */
export function colorsFor(output: Output, env: Io['env']): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(wantsColor(output, env));
}

function wantsColor(output: Output, env: Io['env']): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return output.isTTY === true && env.TERM !== 'dumb';
}

/** How each part of the canvas is painted. The scale from guess to sure ends in the terminal's own colour. */
export function palette(colors: ReturnType<typeof picocolors.createColors>): Record<Style, Paint> {
  return {
    given: colors.bold,
    sure: (text) => text,
    likely: colors.cyan,
    unsure: colors.yellow,
    guess: colors.magenta,
    special: colors.dim,
    mask: colors.dim,
  };
}
