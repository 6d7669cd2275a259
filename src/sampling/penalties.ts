import type { MaskPredictor } from './predictor.ts';

/** How much less likely a token becomes by standing in the text already, and how much likelier some are by themselves. */
export interface Penalties {
  /** λ_f, for every time that it was written. */
  readonly frequencyPenalty: number;
  /** λ_p, once, however often. */
  readonly presencePenalty: number;
  /** ρ: by this a logit is divided, or multiplied where it is below 0, of whatever was written or given. */
  readonly repetitionPenalty: number;
  /** b, by id. */
  readonly logitBias?: Readonly<Record<number, number>>;
}

/** Whether there is anything to do. */
export const isPenalised = ({
  frequencyPenalty,
  presencePenalty,
  repetitionPenalty,
  logitBias = {},
}: Penalties): boolean =>
  frequencyPenalty !== 0 ||
  presencePenalty !== 0 ||
  repetitionPenalty !== 1 ||
  Object.keys(logitBias).length > 0;

/**
 * A predictor that finds tokens less likely the more often they were written (OpenAI's penalties and CTRL's, arXiv:1909.05858,
 * for a text without an order):
 *
 *     z̃_{i,v} = ρ_v(z_{i,v}) + b_v − λ_f · n_v − λ_p · 1[n_v > 0]          n_v = |{j ≠ i : x_t^j = v}| − |{j : given v}|
 *
 * n counts what was written by now at any position, before i or behind it, and not what was given; ρ_v(z) is z/ρ, or z·ρ below
 * 0, of each v that stands anywhere beside i, given ones too. Tokens of one step don't know of each other, so the same word may
 * be written twice in it. A text that is shorter than its canvas ends in many end tokens: they never count. How sure a position
 * is, by which strategies choose, is of z̃.
 *
 * @param canvas  what was given; elsewhere `maskId`   [L]
 * @param exempt  tokens that never count. Default: none
 */
export function withPenalties(
  predict: MaskPredictor,
  penalties: Penalties,
  {
    canvas,
    maskId,
    exempt = [],
  }: { readonly canvas: Int32Array; readonly maskId: number; readonly exempt?: readonly number[] },
): MaskPredictor {
  if (!isPenalised(penalties)) return predict;
  const { frequencyPenalty, presencePenalty, repetitionPenalty, logitBias = {} } = penalties;
  const uncounted = new Set([maskId, ...exempt]);
  const given = countsOf(canvas, uncounted);
  const biases = Object.entries(logitBias).map(([id, bias]) => [Number(id), bias] as const);
  return async (xt, rows, context) => {
    const { shape, data } = await predict(xt, rows, context);
    const V = shape[1];
    const standing = countsOf(xt, uncounted);
    for (const [r, i] of rows.entries()) {
      for (const [token, count] of standing) {
        if (token >= V) continue;
        const others = xt[i] === token ? count - 1 : count;
        const written = others - (given.get(token) ?? 0);
        const cell = r * V + token;
        if (others > 0) data[cell] = repeated(data[cell], repetitionPenalty);
        if (written > 0) data[cell] -= frequencyPenalty * written + presencePenalty;
      }
      for (const [token, bias] of biases) if (token < V) data[r * V + token] += bias;
    }
    return { shape, data };
  };
}

const repeated = (logit: number, penalty: number): number => (logit > 0 ? logit / penalty : logit * penalty);

/** How often each token stands in a canvas. */
function countsOf(canvas: Int32Array, uncounted: ReadonlySet<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const token of canvas) if (!uncounted.has(token)) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}
