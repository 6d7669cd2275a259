// An objective of one's own: the masks of a window are one span, of any length, as in a text with a hole.
//
//     ℒ = 1/B · Σ_b 1/n_b · Σ_{i in span b} CE_i        a span of n_b tokens, its length and place drawn uniformly
import { train } from 'unmask';
import { integerBelow, type Objective, type ObjectiveParts, rowsOf, uniforms } from 'unmask/diffusion';

const spans =
  ({ maskId, options: { seed } }: ObjectiveParts): Objective =>
  (windows, { step, firstRow, batchRows }) => {
    const [, L] = windows.shape;
    const tokens = windows.data.slice(); // x_t   [B, L]
    const rows: number[] = [];
    const weights: number[] = [];
    for (const [b, { positions }] of rowsOf(windows).entries()) {
      // drawn by step and row alone, so that a resumed run sees the same
      const uniform = uniforms(seed, 'mask', step, firstRow + b);
      const length = 1 + integerBelow(positions.length, uniform(0));
      const start = integerBelow(positions.length - length + 1, uniform(1));
      for (const i of positions.subarray(start, start + length)) {
        tokens[b * L + i] = maskId;
        rows.push(b * L + i);
        weights.push(1 / (batchRows * length));
      }
    }
    return {
      tokens: { shape: windows.shape, data: tokens },
      rows: Int32Array.from(rows),
      targets: Int32Array.from(rows, (row) => windows.data[row]),
      weights: Float32Array.from(weights),
    };
  };

const texts = Array.from({ length: 100 }, (_, i) => `${i} and one is ${i + 1}.`);
const network = { tokenizer: 'characters', layers: 1, width: 32, heads: 2, hidden: 64, length: 24 };
const request = { ...network, texts, out: 'runs/spans', steps: 60, learningRate: 1e-2 };
const run = await train(request, { objective: spans });
console.log(`${run.step} updates; the bound is ${run.validation?.natsPerToken.toFixed(2)} nats a token`);
const model = await run.model();
console.log((await model.infill({ parts: ['3 and one', { length: 6 }, '.'], temperature: 0 })).text);
await model.close();
