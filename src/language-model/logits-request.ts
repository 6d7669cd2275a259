import type { NdArray } from '../base/array.ts';
import { InvalidOptionError } from '../base/errors.ts';
import type { LogitsOptions } from './language-model.ts';
import type { ForwardOptions, Network } from '../model/network.ts';
import { checkFits } from './sample-request.ts';

/** `Model.logits`. */
export async function logitsOf(
  network: Network,
  tokens: readonly ArrayLike<number>[],
  options: LogitsOptions,
): Promise<NdArray> {
  const { batch, forward } = logitsBatch(tokens, options);
  const [B, L] = batch.shape;
  checkFits(L, network.config.maxLength);
  const rows = Int32Array.from({ length: B * L }, (_, row) => row);
  const { shape, data } = await network.logits(batch, rows, forward);
  return { shape: [B, L, shape[1]], data };
}

/** Nested arrays as the network takes them. */
function logitsBatch(
  tokens: readonly ArrayLike<number>[],
  { attentionMask, positionIds, signal }: LogitsOptions,
): { batch: NdArray<Int32Array>; forward: ForwardOptions } {
  const [B, L] = [tokens.length, tokens[0]?.length ?? 0];
  const rectangle = (name: string, rows: readonly ArrayLike<number>[]): NdArray<Int32Array> => {
    if (rows.length !== B || L === 0 || rows.some((row) => row.length !== L)) {
      throw new InvalidOptionError(
        name,
        `must be ${B} rows of ${L} numbers, not empty`,
        rows.map((row) => row.length),
      );
    }
    return { shape: [B, L], data: Int32Array.from(rows.flatMap((row) => Array.from(row))) };
  };
  return {
    batch: rectangle('tokens', tokens),
    forward: {
      attentionMask: attentionMask && maskOf(attentionMask, B, L),
      positions: positionIds && rectangle('positionIds', positionIds),
      signal,
    },
  };
}

/** A mask over keys is the same for every query. */
function maskOf(
  mask: NonNullable<LogitsOptions['attentionMask']>,
  B: number,
  L: number,
): NdArray<Uint8Array> {
  const data = new Uint8Array(B * L * L);
  for (let b = 0; b < B; b++) {
    for (let q = 0; q < L; q++) {
      const row = mask[b]?.[typeof mask[b]?.[0] === 'number' ? 0 : q];
      const keys = (typeof row === 'number' ? mask[b] : row) as readonly number[] | undefined;
      if (keys?.length !== L) {
        throw new InvalidOptionError(
          'attentionMask',
          `must be [${B}][${L}] or [${B}][${L}][${L}]`,
          mask.length,
        );
      }
      for (let k = 0; k < L; k++) data[(b * L + q) * L + k] = keys[k] === 0 ? 0 : 1;
    }
  }
  return { shape: [B, L, L], data };
}
