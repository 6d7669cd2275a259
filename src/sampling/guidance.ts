import { InvalidOptionError, invariant } from '../base/errors.ts';
import type { MaskPredictor } from './predictor.ts';

/**
 * Unsupervised classifier-free guidance of strength w, as a predictor:
 *
 *     log p̃(r_0 | p_0, r_t) = (1 + w) · log p_θ(r_0 | p_0, r_t) − w · log p_θ(r_0 | m, r_t) + const      LLaDA Eq. (16)
 *
 * where m is the given text (all of `canvas` that isn't to be written) with every token masked. w = 0 is the
 * predictor itself, w = −1 its guess without the given text. Each prediction costs two forwards.
 *
 * @param unconditional  predicts without the given text; a predictor with a memory needs a second one for it
 * @throws InvalidOptionError  when w isn't a finite number
 */
export function withGuidance(
  predict: MaskPredictor,
  {
    w,
    canvas,
    maskId,
    unconditional = predict,
  }: { w: number; canvas: Int32Array; maskId: number; unconditional?: MaskPredictor },
): MaskPredictor {
  if (!Number.isFinite(w)) throw new InvalidOptionError('guidance', 'must be a finite number', w);
  if (w === 0) return predict;
  const given = canvas.map((token) => (token === maskId ? 0 : 1));

  return async (xt, rows, context) => {
    const blind = xt.map((token, i) => (given[i] ? maskId : token));
    const [seen, unseen] = await Promise.all([
      predict(xt, rows, context),
      unconditional(blind, rows, context),
    ]);
    invariant(seen.data !== unseen.data, 'the mask predictor wrote two predictions into one array');
    return {
      shape: seen.shape,
      data: seen.data.map((logit, index) => (1 + w) * logit - w * unseen.data[index]),
    };
  };
}
