// A story of TinyStories in parts that can be told one after the other: runs of whole sentences.
import { boys, counted, girls, plural, single, uncounted } from './words.ts';

/** A story in its parts. */
export interface ToldStory {
  /** One after the other, from the first. */
  readonly parts: readonly string[];
  /** Whether the last one ends the story. */
  readonly ends: boolean;
}

/** Most characters of a part, about 70 tokens. */
const longest = 245;
const speaking = /^(?:\w+ ){0,3}(?:said|asked|replied|answered|shouted|cried|called|yelled|whispered)\b/;
const beginning =
  /^(?:Once upon|Once,? there|There (?:once )?(?:was|were) once|Long ago|One day,? there (?:was|were))/;
const closing =
  /\b(?:the end|ever after|happy|happily|learned|friends?|fun|smiled|laughed|proud|again|always|never|home|loved|hugged|best|better|lesson|thanked|safe|sorry|promised|asleep)\b/i;
const plain = /^["A-Z](?!.*(?: {2}|\.\.|[?!]\.|,\.))[A-Za-z0-9 .,!?'":;-]*[.!?]"?$/;

/** Sentences of a paragraph; what somebody says stays in one with who says it. */
export function sentencesOf(paragraph: string): string[] {
  const sentences: string[] = [];
  let current = '';
  for (const piece of paragraph.split(/(?<=[.!?]["']?) +(?=["A-Z])/)) {
    const isOpen = (current.match(/"/g)?.length ?? 0) % 2 === 1;
    const goesOn =
      isOpen || /\b(?:Mr|Mrs|Ms|Dr)\.$/.test(current) || (current.endsWith('"') && speaking.test(piece));
    if (current && !goesOn) {
      sentences.push(current);
      current = '';
    }
    current += current ? ` ${piece}` : piece;
  }
  return current ? [...sentences, current] : sentences;
}

const kinds = new Set([...counted, ...uncounted, ...single]);
const singular = new Map(counted.map((noun) => [plural(noun), noun]));

/** Who and what a text is about, each in one form: names, and nouns that are listed. */
export function subjectsOf(text: string): Set<string> {
  const nouns = (text.match(/\b[a-z]+\b/g) ?? [])
    .map((word) => singular.get(word) ?? word)
    .filter((word) => kinds.has(word));
  return new Set([...namesIn(text), ...nouns]);
}

const givenName = new RegExp(`\\b(?:${[...girls, ...boys].join('|')})\\b`, 'g');
const givenNamesIn = (text: string): string[] => text.match(givenName) ?? [];

/** Capitalised words inside sentences: Mia, Mom, Mr. */
export function namesIn(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/(?<=[a-z,] )[A-Z][a-z]+\b|\b[A-Z][a-z]+\b(?= and [A-Z])/g)]
      .map(([name]) => name)
      .filter(
        (name) => !/^(?:I|The|Once|One|He|She|They|But|Then|And|Mom|Mommy|Dad|Daddy|Mr|Mrs|Tv)$/.test(name),
      )
      .concat(givenNamesIn(text)),
  );
}

/**
 * The parts of a story, as far as they are sound and about the same: no sentence is cut, no quote left open, each names somebody or
 * something of those before it. A second story in the same row is left out.
 *
 * @param lengthOf  characters that part k should have, at least
 */
export function partsOf(story: string, lengthOf: (k: number) => number): ToldStory {
  const paragraphs = story.replace(/([!?])\.(?=["\s])|([!?]")\./g, '$1$2').split('\n\n');
  const second = paragraphs.findIndex(
    (paragraph, i) => i > 0 && (beginning.test(paragraph) || isStrange(paragraph, paragraphs.slice(0, i))),
  );
  const own = second < 0 ? paragraphs : paragraphs.slice(0, second);
  const runs: string[] = [];
  for (const sentence of own.flatMap(sentencesOf)) {
    const last = runs.at(-1);
    const fits = last !== undefined && last.length + sentence.length < longest;
    if (fits && last.length < lengthOf(runs.length - 1)) runs[runs.length - 1] = `${last} ${sentence}`;
    else runs.push(sentence);
  }
  // an end of one short sentence belongs to what was said before
  const [before, end] = runs.slice(-2);
  if (end !== undefined && end.length < 60 && before.length + end.length < longest + 30)
    runs.splice(-2, 2, `${before} ${end}`);
  const known = new Set<string>();
  const sound = runs.findIndex((run, k) => {
    const subjects = subjectsOf(run);
    const isOther = k > 0 && ![...subjects].some((subject) => known.has(subject));
    for (const subject of subjects) known.add(subject);
    return isOther || run.length < 40 || run.length > longest + 30 || !isSound(run);
  });
  const parts = sound < 0 ? runs : runs.slice(0, sound);
  return { parts, ends: sound < 0 && parts.length > 1 && closing.test(runs.at(-1)!) };
}

/** Whether a paragraph is about others than all that was told: it has names, and neither they nor its things came before. */
function isStrange(paragraph: string, told: readonly string[]): boolean {
  if (namesIn(paragraph).size === 0) return false;
  const known = subjectsOf(told.join(' '));
  return ![...subjectsOf(paragraph)].some((subject) => known.has(subject));
}

const isSound = (part: string): boolean => plain.test(part) && (part.match(/"/g)?.length ?? 0) % 2 === 0;

/** The story with some of its people called otherwise, so that a name must be read, not guessed. */
export function renamed(story: string, change: (list: readonly string[], name: string) => string): string {
  const given = new Set(givenNamesIn(story));
  const used = new Set(given);
  const names = new Map<string, string>();
  for (const name of given) {
    const other = change(girls.includes(name) ? girls : boys, name);
    if (!used.has(other)) names.set(name, other);
    used.add(other);
  }
  if (names.size === 0) return story;
  return story.replace(new RegExp(`\\b(?:${[...names.keys()].join('|')})\\b`, 'g'), (name) =>
    names.get(name)!,
  );
}
