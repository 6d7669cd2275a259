import type { HolePlace } from '../../language-model/infill-windows.ts';
import type { Frame } from '../../sampling/sample.ts';
import { WrittenTokens } from '../../sampling/written-tokens.ts';
import type { TextSpan } from '../../base/text-edits.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Change, DiffusionFrame, PositionCandidates } from './protocol.ts';

/** A hole of a canvas, and what of a text it takes the place of, if it does. */
export type PlacedHole = HolePlace & { readonly replaces?: TextSpan };

/**
 * Reads the frames of a canvas as a viewer is sent them: of the region that is written, from what was its first mask to what
 * was its last. Several canvases may follow each other; each begins with its frame of step 0.
 */
export class FrameStream {
  readonly #tokenizer: Tokenizer;
  readonly #maskId: number;
  /** Given tokens in front of the region. */
  start = 0;
  /** Given tokens behind it. */
  behind = 0;
  #length = -1;
  #revision = -1;
  #written: WrittenTokens;

  constructor({ tokenizer, maskId }: { readonly tokenizer: Tokenizer; readonly maskId: number }) {
    this.#tokenizer = tokenizer;
    this.#maskId = maskId;
    this.#written = new WrittenTokens(maskId);
  }

  /** How sure the model was of a token when it wrote it; undefined where nothing was predicted. */
  confidenceAt(position: number): number | undefined {
    const confidence = this.#written.confidenceAt(position);
    return Number.isNaN(confidence) ? undefined : confidence;
  }

  /** Reads a frame. It has to be given each. */
  read(frame: Frame): void {
    const { step, tokens } = frame;
    if (step === 0) {
      this.start = tokens.indexOf(this.#maskId);
      this.behind = tokens.length - 1 - tokens.lastIndexOf(this.#maskId);
      this.#written = new WrittenTokens(this.#maskId);
    }
    this.#written.read(frame);
  }

  /** Positions of the region from its left that are final in a frame. */
  committedIn({ tokens, final }: Frame): number {
    return Math.min(tokens.length - this.behind, final) - this.start;
  }

  /**
   * What a viewer is sent of the frame that was read last.
   *
   * @param holes  where they are in the canvas, if the text has some
   */
  tell(frame: Frame, holes?: readonly PlacedHole[]): DiffusionFrame {
    const { step, block, t, tokens, changed, sources } = frame;
    const length = tokens.length - this.behind - this.start;
    // where the canvas was resized, positions mean something else: the viewer begins anew
    const reset = step === 0 || length !== this.#length || sources !== undefined;
    this.#length = length;
    this.#revision += 1;
    const positions = reset ? Array.from({ length }, (_, i) => this.start + i) : changed;
    const changes = positions
      .filter((i) => !reset || tokens[i] !== this.#maskId)
      .map((i): Change => {
        const isMask = tokens[i] === this.#maskId;
        const confidence = this.confidenceAt(i);
        return {
          position: i - this.start,
          token: isMask ? null : tokens[i],
          text: isMask ? '' : this.#tokenizer.decode([tokens[i]]),
          confidence: confidence === undefined ? null : rounded(confidence),
        };
      });
    return {
      revision: this.#revision,
      step,
      block,
      t,
      length,
      committed: this.committedIn(frame),
      reset,
      changes,
      ...(holes && reset && { holes: holes.map((place) => this.#placed(place)) }),
      ...(frame.candidates && { candidates: this.#candidates(frame.candidates, length) }),
    };
  }

  #placed({ hole, start, end, replaces }: PlacedHole): NonNullable<DiffusionFrame['holes']>[number] {
    const [from, to] = [start - this.start, end - this.start];
    return { hole, from, to, ...(replaces && { replaces: [replaces.start, replaces.end] as const }) };
  }

  #candidates(
    { positions, tokens, probabilities }: NonNullable<Frame['candidates']>,
    length: number,
  ): PositionCandidates[] {
    const k = tokens.length / positions.length;
    return Array.from(positions, (i, r) => ({
      position: i - this.start,
      tokens: Array.from(tokens.subarray(r * k, (r + 1) * k), (token, n) => ({
        token,
        text: this.#tokenizer.decode([token]),
        probability: rounded(probabilities[r * k + n]),
      })),
    })).filter(({ position }) => position >= 0 && position < length);
  }
}

/** A probability in so many digits as are of use; a very small one stays above 0. */
export const rounded = (probability: number): number => Number(probability.toPrecision(4));
