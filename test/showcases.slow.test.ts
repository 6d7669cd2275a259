import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { anyOrder } from '../src/cli/commands/demo.ts';
import { judgeTexts } from '../src/evaluation/judge/judge.ts';
import { writeTexts } from '../src/evaluation/judge/write-texts.ts';
import { puzzleKinds } from '../src/evaluation/planning/kinds.ts';
import { puzzles } from '../src/evaluation/planning/puzzle.ts';
import { solvePuzzles } from '../src/evaluation/planning/solve.ts';
import { load, shippedModel, shippedModels } from '../src/index.ts';
import { shippedJudge } from '../src/model-files/locate.ts';
import type { SamplingRequest } from '../src/sampling/options.ts';

// what newcomers see first is held to what real stories are (1.2 bits a character, distinct-2 .72, repeated 4-grams .05), so that
// nobody is shown loops or gibberish again

const [model, judge] = [await load(shippedModel), await load(shippedJudge)];
after(() => Promise.all([model.close(), judge.close()]));

async function worthOf(sampling: SamplingRequest) {
  const requests = [1, 2, 3, 4, 5, 6].map((seed) => ({ ...sampling, prompt: 'Once upon a time', seed }));
  const { texts, stats } = await writeTexts(model, requests);
  return { ...(await judgeTexts(judge, texts, { most: 5000 })), tokensPerForward: stats.tokensPerForward };
}

test('a story by the defaults of the model that ships is like a story, and no loop', async () => {
  const { bitsPerCharacter, distinct, repeated } = await worthOf({});
  assert.ok(bitsPerCharacter < 1.45, `${bitsPerCharacter} bits a character`);
  assert.ok(distinct[1] > 0.65, `distinct-2 ${distinct[1]}`);
  assert.ok(repeated < 0.1, `repeated 4-grams ${repeated}`);
});

test('at two tokens a forward its texts are the same', async () => {
  const requests = [1, 2, 3, 4].map((seed) => ({ prompt: 'Once upon a time', seed }));
  const plain = await writeTexts(model, requests);
  const ahead = await writeTexts(
    model,
    requests.map((request) => ({ ...request, speculate: 40 })),
  );
  assert.deepEqual(ahead.texts, plain.texts);
  assert.ok(ahead.stats.tokensPerForward > 1.8, `${ahead.stats.tokensPerForward} tokens a forward`);
});

test('so is what npm start shows', async () => {
  const { bitsPerCharacter, distinct, repeated } = await worthOf(anyOrder);
  assert.ok(bitsPerCharacter < 1.4, `${bitsPerCharacter} bits a character`);
  assert.ok(distinct[1] > 0.6, `distinct-2 ${distinct[1]}`);
  assert.ok(repeated < 0.13, `repeated 4-grams ${repeated}`);
});

test('the model of puzzles solves Sudoku, seven tokens and more a forward', async (t) => {
  const solver = await load(shippedModels['puzzles/sudoku-4']);
  t.after(() => solver.close());
  const kind = puzzleKinds['sudoku-4'];
  const asked = [...puzzles(kind, { count: 50, seed: 1, held: true })];
  const sampling = { strategy: 'threshold', tau: 0.99 } as const;
  const { solved, stats } = await solvePuzzles(solver, kind, asked, { sampling });
  assert.ok(solved.mean >= 0.96, `${solved.mean}`);
  assert.ok(stats.tokensPerForward > 7, `${stats.tokensPerForward}`);
});

test('the model of ways plans: it looks from the goal back to where two ways cross', async (t) => {
  const planner = await load(shippedModels['puzzles/paths']);
  t.after(() => planner.close());
  const kind = puzzleKinds.paths;
  const asked = [...puzzles(kind, { count: 60, seed: 2, held: true })];
  const sure = await solvePuzzles(planner, kind, asked);
  assert.ok(sure.solved.mean >= 0.85, `${sure.solved.mean}`);
  const sampling = { strategy: 'left-to-right' } as const;
  const leftToRight = await solvePuzzles(planner, kind, asked, { sampling });
  assert.ok(leftToRight.solved.mean < sure.solved.mean - 0.1, `${leftToRight.solved.mean}`);
});
