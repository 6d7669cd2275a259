import { parameterTotal, type TransformerConfig } from '../model/config.ts';
import { bidirectional } from '../model/attention-pattern.ts';
import { llada } from '../model/families/llada.ts';

/** What a network that begins from nothing is made by. */
export interface FreshSizes {
  readonly layers: number;
  readonly width: number;
  /** Inner width of the SwiGLU. */
  readonly hidden: number;
  readonly vocabularySize: number;
  /** Default: 1. */
  readonly heads?: number;
  /** Default: as many. */
  readonly kvHeads?: number;
  /** Default: false. */
  readonly tied?: boolean;
}

/** The network of these sizes, whatever it learns. */
export const freshNetwork = ({
  layers,
  width,
  hidden,
  vocabularySize,
  heads = 1,
  kvHeads = heads,
  tied = false,
}: FreshSizes): Omit<TransformerConfig, 'maxLength' | 'shiftedLogits' | 'attention'> => ({
  layers,
  width,
  heads,
  kvHeads,
  hidden,
  vocabularySize,
  tiedHead: tied,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  qkvBias: false,
});

/**
 * How many numbers such a network has. Layers are alike, so that also those of more than can be listed are counted.
 *
 * @param counts  whether a tensor of a shape is counted. Default: all are
 */
export function freshParameters(
  { layers, ...sizes }: FreshSizes,
  counts?: (shape: readonly number[]) => boolean,
): number {
  const totalOf = (some: number) => {
    const network = freshNetwork({ ...sizes, layers: some });
    const config = { ...network, maxLength: 1, shiftedLogits: false, attention: bidirectional };
    return parameterTotal(config, llada.names, counts);
  };
  const outside = totalOf(0);
  return outside + layers * (totalOf(1) - outside);
}
