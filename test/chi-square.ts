import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { linearNoise, type NoiseSchedule } from '../src/diffusion/noise-schedule.ts';
import { decoder } from '../src/sampling/decode.ts';
import { sample } from '../src/sampling/sample.ts';
import { ancestral, random, type Selection, unmasking } from '../src/sampling/strategies.ts';
import { chiSquare, chiSquareLimit, type ExactJoint, exactJoint } from './exact-joint.ts';

// Many draws of the sampler against the distribution that they have to follow.
//
//     npm run chi-square -- [--draws 1000000]

/** Three tokens of three values that depend on one another. */
export const joint = exactJoint(3, 3, ([a, b, c]) => 1 + 4 * a * b + (a === c ? 6 : 0) + 2 * c);

/**
 * The distribution of ancestral samples in so many steps, by following every canvas that there is: positions that are
 * revealed in the same step are drawn independently, which is where it differs from the joint distribution.
 */
export async function ancestralLaw(
  { maskId, sequences, predict }: ExactJoint,
  schedule: NoiseSchedule,
  steps: number,
): Promise<number[]> {
  const L = sequences[0].length;
  let law = new Map([[Array(L).fill(maskId).join(), 1]]);
  for (let k = steps; k > 0; k--) {
    const stays = schedule.masked((k - 1) / steps) / schedule.masked(k / steps);
    const next = new Map<string, number>();
    for (const [canvas, mass] of law) {
      const xt = Int32Array.from(canvas.split(','), Number);
      const rows = xt.map((_, i) => i).filter((i) => xt[i] === maskId);
      const { shape, data } = await predict(xt, rows, {
        block: { index: 0, start: 0, end: L },
        t: k / steps,
      });
      let outcomes: [Int32Array, number][] = [[xt, mass]];
      for (const [r, i] of rows.entries()) {
        outcomes = outcomes.flatMap(([tokens, p]) => {
          const total = data
            .subarray(r * shape[1], (r + 1) * shape[1])
            .reduce((sum, l) => sum + Math.exp(l), 0);
          const drawn = Array.from({ length: maskId }, (_, v): [Int32Array, number] => [
            tokens.with(i, v),
            (p * (1 - stays) * Math.exp(data[r * shape[1] + v])) / total,
          ]);
          return [[tokens, p * stays] as [Int32Array, number], ...drawn];
        });
      }
      for (const [tokens, p] of outcomes) {
        const key = tokens.join();
        if (p > 0) next.set(key, (next.get(key) ?? 0) + p);
      }
    }
    law = next;
  }
  return sequences.map((x) => law.get(x.join()) ?? 0);
}

/** How often each text is written. */
export async function draw(draws: number, select: Selection, steps: number): Promise<number[]> {
  const { maskId, sequences, predict } = joint;
  const counts = sequences.map(() => 0);
  const canvas = new Int32Array(3).fill(maskId);
  const options = {
    maskId,
    steps,
    strategy: unmasking(select),
    decode: decoder({ temperature: 1, forbidden: [maskId] }),
  };
  for (let seed = 0; seed < draws; seed++) {
    let text: Int32Array = canvas;
    for await (const { tokens } of sample(predict, canvas, { ...options, seed })) text = tokens;
    counts[text[0] + 3 * text[1] + 9 * text[2]] += 1;
  }
  return counts;
}

/** Half of Σ |p − q|. */
export const totalVariation = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, value, n) => sum + Math.abs(value - q[n]), 0) / 2;

async function main(draws: number): Promise<number> {
  const limit = chiSquareLimit(joint.sequences.length - 1);
  const law = await ancestralLaw(joint, linearNoise, 8);
  const cases: [name: string, counts: number[], expected: readonly number[]][] = [
    ['ancestral, 8 steps, against its law', await draw(draws, ancestral(linearNoise), 8), law],
    ['one token a step, against the joint distribution', await draw(draws, random, 3), joint.probability],
  ];
  let worst = 0;
  for (const [name, counts, expected] of cases) {
    const distance = chiSquare(counts, expected);
    worst = Math.max(worst, distance);
    process.stdout.write(
      `${name}: ${draws} draws, chi-square ${distance.toFixed(1)}, at most ${limit.toFixed(1)}\n`,
    );
  }
  for (const steps of [8, 64, 512]) {
    const far = totalVariation(await ancestralLaw(joint, linearNoise, steps), joint.probability);
    process.stdout.write(
      `ancestral, ${steps} steps: total variation from the joint distribution ${far.toExponential(1)}\n`,
    );
  }
  return worst < limit ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { draws: { type: 'string', default: '1000000' } } });
  process.exitCode = await main(Number(values.draws));
}
