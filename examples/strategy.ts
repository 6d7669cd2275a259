// A strategy of one's own: which predicted tokens a denoising step keeps. Tokens that are written in one step don't know of
// each other, and neighbours would have the most to say to each other; so this one keeps the surest that aren't neighbours.
import { load, shippedModel } from 'unmask';
import type { Selection } from 'unmask/diffusion';

const apart: Selection = ({ masked, confidence, count }) => {
  const kept: number[] = [];
  for (const i of masked.toSorted((a, b) => confidence[b] - confidence[a]))
    if (kept.length < count && !kept.includes(i - 1) && !kept.includes(i + 1)) kept.push(i);
  return kept;
};

const model = await load(shippedModel);
const parts = ['Tom was sad. ', { length: 12 }, ' Then he was happy again.'];
for (const strategy of ['low-confidence', apart] as const) {
  console.log(typeof strategy === 'string' ? strategy : strategy.name);
  const { text, stats } = await model.infill({
    parts,
    strategy,
    tokensPerStep: 2,
    temperature: 0,
    onFrame: ({ tokens }, [{ start, end }]) => {
      const hole = Array.from(tokens.slice(start, end));
      console.log(hole.map((id) => (id === model.maskId ? '·' : model.tokenizer.decode([id]))).join(''));
    },
  });
  console.log(`${text}\n${stats.forwards} forwards`);
}
await model.close();
