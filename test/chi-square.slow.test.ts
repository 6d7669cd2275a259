import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearNoise, noiseSchedules } from '../src/diffusion/noise-schedule.ts';
import { ancestral } from '../src/sampling/strategies.ts';
import { ancestralLaw, draw, joint, totalVariation } from './chi-square.ts';
import { chiSquare, chiSquareLimit } from './exact-joint.ts';

test('ancestral samples of an exact predictor follow the law of their steps, and no other', async () => {
  const counts = await draw(10_000, ancestral(linearNoise), 4);
  const limit = chiSquareLimit(26);
  assert.ok(chiSquare(counts, await ancestralLaw(joint, linearNoise, 4)) < limit);
  assert.ok(
    chiSquare(counts, await ancestralLaw(joint, linearNoise, 1)) > limit,
    'as if all were revealed at once',
  );
  assert.ok(chiSquare(counts, joint.probability) > limit, 'as if nothing were ever revealed together');
});

test('the law of ancestral samples comes to the joint distribution as 1 / steps', async () => {
  for (const schedule of Object.values(noiseSchedules)) {
    const far = async (steps: number): Promise<number> =>
      totalVariation(await ancestralLaw(joint, schedule, steps), joint.probability);
    const [few, many] = [await far(16), await far(64)];
    assert.ok(many < 0.01 && few / many > 3 && few / many < 5, `${few}, ${many}`);
  }
});
