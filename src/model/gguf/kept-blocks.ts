import type { BlockFormat } from '../../checkpoint/block-quantisation.ts';
import type { GgufSource } from '../../checkpoint/gguf/file.ts';
import { EXACT_BLOCK } from '../../checkpoint/gguf/types.ts';

/** How matrices are kept whose blocks in a GGUF file are no blocks that are multiplied with. */
export const ROUNDED: BlockFormat = { bits: 8, block: EXACT_BLOCK, symmetric: true };

/** The blocks that a quantised tensor is kept in: its own where they are the same numbers. */
export const blocksOf = ({ type }: GgufSource): BlockFormat =>
  type.exact ? { bits: type.exact.bits, block: EXACT_BLOCK, symmetric: true } : ROUNDED;

/** Whether a tensor is kept in 4 bits where it is kept as it is stored; one that isn't quantised has as many as it has. */
export const hasAtMost4Bits = (source: GgufSource): boolean =>
  source.type.dequantise === undefined || blocksOf(source).bits === 4;
