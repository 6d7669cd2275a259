import { bidirectional } from '../src/model/attention-pattern.ts';
import type { TransformerConfig } from '../src/model/config.ts';

/** A network of one layer that takes no time; tests change what they are about. */
export const smallNetwork: TransformerConfig = {
  layers: 1,
  width: 16,
  heads: 2,
  kvHeads: 2,
  hidden: 24,
  vocabularySize: 11,
  maxLength: 8,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  qkvBias: true,
  tiedHead: true,
  shiftedLogits: false,
  attention: bidirectional,
};
