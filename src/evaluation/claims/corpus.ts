import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidOptionError } from '../../base/errors.ts';
import { integerBelow, uniforms } from '../../base/random.ts';
import { shippedModels } from '../../model-files/locate.ts';
import { readTexts } from '../read-texts.ts';
import { writeTextFile } from '../../checkpoint/write-text-file.ts';

/** Text to learn, and text that nothing learns. */
export interface Corpus {
  /** The file to learn. */
  readonly path: string;
  readonly learned: string;
  readonly heldOut: string;
}

/** Stretches of text are of so many characters. */
export const windowLength = 64;

/** As much of the stories that ship as is learned: more than the small networks here read once. */
const shippedCharacters = 1_500_000;
/** The last tenth is held out, of which so much is enough. */
const [heldShare, mostHeld] = [0.1, 60_000];

/**
 * Splits text, once, into a folder: its last tenth, at most 60,000 characters, is held out.
 *
 * @param data  files of text. Default: the stories that ship
 * @throws InvalidOptionError  for too little text
 */
export async function openCorpus(folder: string, data: readonly string[] | undefined): Promise<Corpus> {
  const [path, heldPath] = [join(folder, 'learned.txt'), join(folder, 'held-out.txt')];
  if (!existsSync(heldPath)) {
    const files = data ?? [join(shippedModels.stories, 'stories.jsonl.gz')];
    const texts = (await Promise.all(files.map((file) => readTexts(file)))).flat();
    const whole = texts.map((text) => text.trim()).join('\n\n');
    const text = data ? whole : whole.slice(0, shippedCharacters);
    if (text.length < 20_000)
      throw new InvalidOptionError('data', 'must have 20,000 characters of text at least', text.length);
    const held = Math.min(mostHeld, Math.floor(heldShare * text.length));
    await mkdir(folder, { recursive: true });
    await writeTextFile(path, text.slice(0, text.length - held));
    await writeTextFile(heldPath, text.slice(text.length - held));
  }
  return { path, learned: await readFile(path, 'utf8'), heldOut: await readFile(heldPath, 'utf8') };
}

/** Stretches of held-out text, spread evenly over it, the same for every model. */
export function heldOutWindows({ heldOut }: Corpus, count: number, length = windowLength): string[] {
  const room = heldOut.length - length;
  const starts = Array.from({ length: count }, (_, k) => Math.floor(((k + 0.5) * room) / count));
  return starts.map((start) => heldOut.slice(start, start + length));
}

/**
 * −log p of a character of those stretches by how frequent it is in what is learned, in nats: what is left to a model that
 * looks at nothing. One is added to each count.
 */
export function frequencyNats(corpus: Corpus, count: number): number {
  const counts = new Map<string, number>();
  for (const character of corpus.learned) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = corpus.learned.length + counts.size;
  const characters = heldOutWindows(corpus, count).join('');
  const nats = Array.from(characters, (one) => Math.log(total / ((counts.get(one) ?? 0) + 1)));
  return nats.reduce((sum, each) => sum + each, 0) / nats.length;
}

/** A word inside a stretch of held-out text, cut out. */
export interface WordHole {
  readonly before: string;
  readonly word: string;
  readonly after: string;
}

/** Words of three to six letters with text around them. */
export function wordHoles(corpus: Corpus, count: number, length: number): WordHole[] {
  const uniform = uniforms(0, 'evaluation', 1);
  const holes: WordHole[] = [];
  for (const [k, text] of heldOutWindows(corpus, 3 * count, length).entries()) {
    const inside = [...text.matchAll(/(?<=\s)\p{L}{3,6}(?=[\s.,])/gu)].filter(
      ({ index }) => index > length / 4 && index < (3 * length) / 4 - 6,
    );
    if (inside.length === 0) continue;
    const { 0: word, index } = inside[integerBelow(inside.length, uniform(k))];
    holes.push({ before: text.slice(0, index), word, after: text.slice(index + word.length) });
    if (holes.length === count) break;
  }
  return holes;
}
