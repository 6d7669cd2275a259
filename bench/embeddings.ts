// What embeddings of a model are worth: the second half of a story is looked for among those of others, by its first half. A bag of
// words, weighed by how rare they are, is looked for in the same way. `npm run bench:embeddings`
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from '../src/language-model/load.ts';
import { shippedModel } from '../src/model-files/locate.ts';

const { values } = parseArgs({
  options: { model: { type: 'string', default: shippedModel }, stories: { type: 'string', default: '200' } },
});
const path = fileURLToPath(new URL('../../models/stories/stories.jsonl.gz', import.meta.url));
const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
const stories = lines
  .slice(-Number(values.stories))
  .map((line) => (JSON.parse(line) as { text: string }).text);
/** Each story cut at the end of the sentence nearest to its middle. */
const halves = stories.map((text): [string, string] => {
  const cut = text.indexOf('. ', Math.floor(text.length / 2)) + 1 || Math.floor(text.length / 2);
  return [text.slice(0, cut), text.slice(cut).trim()];
});

/** How often the right half is the nearest, and the mean of one over its rank. */
function retrieval(vectors: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[]): [number, number] {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
    return sum;
  };
  const ranks = vectors.map(([query], i) => {
    const mine = dot(query, vectors[i][1]);
    return 1 + vectors.filter(([, other]) => dot(query, other) > mine).length;
  });
  const mean = (of: (rank: number) => number): number =>
    ranks.reduce((sum, rank) => sum + of(rank), 0) / ranks.length;
  return [mean((rank) => Number(rank === 1)), mean((rank) => 1 / rank)];
}

function bagsOfWords(): (readonly [Float64Array, Float64Array])[] {
  const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];
  const texts = halves.flat().map(wordsOf);
  const found = new Map<string, number>();
  for (const words of texts) for (const word of new Set(words)) found.set(word, (found.get(word) ?? 0) + 1);
  const place = new Map([...found.keys()].map((word, k) => [word, k]));
  const vectors = texts.map((words) => {
    const vector = new Float64Array(place.size);
    for (const word of words) vector[place.get(word)!] += Math.log(texts.length / found.get(word)!);
    const length = Math.hypot(...vector) || 1;
    return vector.map((x) => x / length);
  });
  return halves.map((_, i) => [vectors[2 * i], vectors[2 * i + 1]]);
}

/** Less the mean of all, which every text has in common. */
function centred(
  vectors: readonly (readonly [Float32Array, Float32Array])[],
): (readonly [Float64Array, Float64Array])[] {
  const all = vectors.flat();
  const mean = all[0].map((_, k) => all.reduce((sum, vector) => sum + vector[k], 0) / all.length);
  const moved = (vector: Float32Array): Float64Array => {
    const difference = Float64Array.from(vector, (x, k) => x - mean[k]);
    const length = Math.hypot(...difference) || 1;
    return difference.map((x) => x / length);
  };
  return vectors.map(([a, b]) => [moved(a), moved(b)] as const);
}

const model = await load(values.model);
const embedded: [Float32Array, Float32Array][] = [];
for (const [first, second] of halves)
  embedded.push([(await model.embed({ text: first })).vector, (await model.embed({ text: second })).vector]);
await model.close();
const rows: [string, [number, number]][] = [
  ['model.embed', retrieval(embedded)],
  ['the same, less the mean of all', retrieval(centred(embedded))],
  ['bag of words', retrieval(bagsOfWords())],
  ['chance', [1 / halves.length, 0]],
];
process.stdout.write(`${halves.length} stories: how often the right half is the nearest; mean of 1/rank\n`);
for (const [name, [hits, reciprocal]] of rows)
  process.stdout.write(
    `${name.padEnd(32)} ${(100 * hits).toFixed(1).padStart(5)} %  ${reciprocal ? reciprocal.toFixed(3) : ''}\n`,
  );
