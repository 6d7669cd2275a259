import { post, stream } from '../client.ts';
import { type Filling, HoleCanvas, type Piece } from '../core/filling.ts';
import type { RecordedFrame } from '../core/recording.ts';

interface FillEvent {
  readonly diffusion?: RecordedFrame;
  readonly holes?: readonly { readonly text: string }[];
}

/**
 * Has the holes of a text filled.
 *
 * @param body   what the server is asked
 * @param onSee  is told what stands in a hole so far, these counted from 0
 * @returns by hole what was written; nothing where the server ended before
 */
export async function fillingsOf(
  body: object,
  signal: AbortSignal,
  onSee: (hole: number, pieces: readonly Piece[]) => void = () => {},
): Promise<readonly Filling[] | undefined> {
  const canvas = new HoleCanvas();
  let holes: FillEvent['holes'];
  for await (const event of stream<FillEvent>('/unmask/infill', body, signal)) {
    if (event.diffusion) for (const { hole, pieces } of canvas.read(event.diffusion)) onSee(hole, pieces);
    holes ??= event.holes;
  }
  return holes?.map(({ text }, n) => ({ text, pieces: piecesOf(text, canvas.piecesOf(n)) }));
}

/** Tokens that only together are characters, and a space that stands in front, are no pieces of the text. */
function piecesOf(text: string, pieces: readonly Piece[]): readonly Piece[] {
  const seen = pieces.map((piece) => piece.text).join('');
  if (seen === text) return pieces;
  if (seen.trimStart() === text)
    return [{ ...pieces[0], text: pieces[0].text.trimStart() }, ...pieces.slice(1)];
  return [{ token: 0, text, confidence: null }];
}

/**
 * How many tokens a part of a text is for a model.
 *
 * @param isSpaced  whether a blank stands in front of it, which its first token has
 */
export async function countTokens(
  model: string | undefined,
  { part, isSpaced }: { readonly part: string; readonly isSpaced: boolean },
  signal: AbortSignal,
): Promise<number> {
  // some tokenizers put a blank before whatever is tokenised by itself
  const content = isSpaced ? `a ${part}` : part;
  const { tokens } = await post<{ tokens: readonly number[] }>('/tokenize', { model, content }, signal);
  return tokens.length - (isSpaced ? 1 : 0);
}
