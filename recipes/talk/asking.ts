// How a person asks for a story, from what its first part is really about.
import type { Choices } from './random.ts';
import { namesIn, sentencesOf } from './story-parts.ts';
import { adjectives, boys, counted, girls, plural, single, uncounted, verbs, withArticle } from './words.ts';

/** What is said first, and the words that have to be in the answer. */
export interface Asking {
  readonly text: string;
  readonly asked: readonly string[];
}

interface Topic {
  readonly phrase: string;
  readonly words: readonly string[];
  /** How readily it is chosen: the sooner it comes, the more. */
  readonly weight: number;
}

const about: readonly string[] = [
  'Tell me a story about {}.',
  'Tell me a story about {}.',
  'Tell me a story about {}.',
  'Tell me a story with {}.',
  'Can you tell me a story about {}?',
  'Could you tell me a story about {}, please?',
  'Please tell me a story about {}.',
  'Tell me about {}.',
  'Tell a story about {}.',
  'Tell me a short story about {}.',
  'Tell us a story about {}.',
  'Write a story about {}.',
  'Write me a story about {}.',
  'Write a short story with {} in it.',
  'Make up a story about {}.',
  'I want a story about {}.',
  'I want to hear a story about {}.',
  'I would like a story about {}.',
  'I would like to hear about {}.',
  "I'd like a story about {}, please.",
  'A story about {}.',
  'A story about {}, please.',
  'A story with {}, please.',
  'Do you know a story about {}?',
  'Do you know one about {}?',
  'Give me a story about {}.',
  "Let's hear a story about {}.",
  'May I have a story about {}?',
  'Say something about {}.',
  'My child wants a story about {}.',
  'Tell me something about {}.',
  'How about a story with {}?',
  'Begin a story about {}.',
];
const bare: readonly string[] = [
  '{}.',
  '{}.',
  '{}, please.',
  'About {}.',
  'Maybe {}.',
  'One about {}.',
  'Something about {}.',
];
const another: readonly string[] = [
  'Now a story about {}.',
  'Now one about {}, please.',
  'Tell me another story, about {}.',
  'Another story, about {}.',
  'Now tell me a story about {}.',
  'Tell me another one about {}.',
  'Another one about {}.',
  'Do you know one about {} too?',
];
const withWords: readonly string[] = [
  'Tell me a story with the words {}.',
  'Write a story with the words {}.',
  'Use the words {} in a story.',
  'A story with the words {}, please.',
];
const free: readonly string[] = [
  'Tell me a story.',
  'Tell me a story, please.',
  'A story, please.',
  'Can you tell me a story?',
  'I want a story.',
  'Tell me something.',
  'Write a story.',
  'Surprise me.',
  'Anything.',
  'Tell me a good story.',
  'I would like a story.',
];

const pattern = (words: readonly string[]): string =>
  [...words].sort((a, b) => b.length - a.length).join('|');
const adjectivePattern = pattern(adjectives);
const determiner = '(?:an?|the|his|her|their|its|my|one|another|this)';
const singularPattern = new RegExp(
  `\\b${determiner} (?:\\w+,? )??(?:(${adjectivePattern}) )?(${pattern([...counted, ...single])})\\b|\\b(${pattern(uncounted)})\\b`,
  'g',
);
const pluralOf = new Map(counted.map((noun) => [plural(noun), noun]));
const pluralPattern = new RegExp(`\\b(${pattern([...pluralOf.keys()])})\\b`, 'g');
const called = new RegExp(`\\b(${pattern(counted)}) (?:named|called) ([A-Z][a-z]+)\\b`);
/** Nearly every story has one of them. */
const common = new Set(['girl', 'boy', 'park', 'man', 'toy']);

/** What the part says of, soonest first. */
function topicsOf(part: string, choices: Choices): Topic[] {
  const topics = new Map<string, Topic>();
  for (const [k, sentence] of sentencesOf(part).entries()) {
    const weight = 1 / (k + 1);
    for (const [, adjective, thing, stuff] of sentence.matchAll(singularPattern)) {
      const noun = thing ?? stuff;
      if (topics.has(noun)) continue;
      const described = adjective !== undefined && choices.happens(0.3) ? `${adjective} ${noun}` : noun;
      const phrase = uncounted.includes(noun)
        ? described
        : single.includes(noun)
          ? `the ${noun}`
          : withArticle(described);
      const words = phrase.endsWith(described) ? described.split(' ') : [noun];
      topics.set(noun, { phrase, words, weight: common.has(noun) ? weight / 8 : weight });
    }
    for (const [word] of sentence.matchAll(pluralPattern)) {
      const noun = pluralOf.get(word)!;
      if (!topics.has(noun)) topics.set(noun, { phrase: word, words: [word], weight });
    }
  }
  return [...topics.values()];
}

function joined(phrases: readonly string[]): string {
  return phrases.length < 2 ? phrases.join('') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`;
}

/** What is asked of the part; nothing where it is about nothing that is known. */
function subject(
  part: string,
  choices: Choices,
): { readonly phrase: string; readonly asked: readonly string[] } | undefined {
  const topics = topicsOf(part, choices);
  const names = [...namesIn(part)].filter((name) => girls.includes(name) || boys.includes(name));
  const [, kind, own] = called.exec(part) ?? [];
  const chosen: Topic[] = [];
  if (kind !== undefined && choices.happens(0.35))
    chosen.push({
      phrase: withArticle(`${kind} ${choices.of(['named', 'called', 'named'])} ${own}`),
      words: [kind, own],
      weight: 1,
    });
  else if (names.length > 0 && choices.happens(0.25)) {
    const [first, second] = names;
    const both = second !== undefined && part.includes(`${first} and ${second}`) && choices.happens(0.6);
    chosen.push({
      phrase: both ? `${first} and ${second}` : first,
      words: both ? [first, second] : [first],
      weight: 1,
    });
  }
  const count = choices.weighted(
    chosen.length > 0
      ? [
          [0, 4],
          [1, 5],
          [2, 1],
        ]
      : [
          [1, 5],
          [2, 4],
          [3, 1],
        ],
  );
  const left = topics.filter(({ words }) => !chosen.some((other) => other.words.includes(words.at(-1)!)));
  for (let k = 0; k < count && left.length > 0; k++) {
    const topic = choices.weighted(left.map((one) => [one, one.weight] as const));
    left.splice(left.indexOf(topic), 1);
    chosen.push(topic);
  }
  if (chosen.length === 0) return undefined;
  return { phrase: joined(chosen.map(({ phrase }) => phrase)), asked: chosen.flatMap(({ words }) => words) };
}

/** An adjective, a verb and a thing of the part, or two of them. */
function threeWords(part: string, choices: Choices): readonly string[] {
  const own = new Set(part.match(/\b[a-z]+\b/g));
  const kinds = [adjectives, verbs, [...counted, ...uncounted]];
  return kinds.flatMap((words) => {
    const there = words.filter((word) => own.has(word));
    return there.length > 0 ? [choices.of(there)] : [];
  });
}

/** As people type: some without capitals, some without a full stop. */
export function typed(text: string, choices: Choices): string {
  const ended = choices.happens(0.2) ? text.replace(/[.?]$/, '') : text;
  return choices.happens(0.15) ? ended.toLowerCase() : ended;
}

const capital = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/**
 * A question that the part answers.
 *
 * @param after  what was said before: nothing; "what shall it be about?", so that a word will do; or another story
 */
export function askingFor(
  part: string,
  choices: Choices,
  after: 'nothing' | 'question' | 'story' = 'nothing',
): Asking | undefined {
  if (after === 'nothing' && choices.happens(0.04))
    return { text: typed(choices.of(free), choices), asked: [] };
  if (after === 'nothing' && choices.happens(0.06)) {
    const words = threeWords(part, choices);
    if (words.length > 1)
      return { text: typed(choices.of(withWords).replace('{}', joined(words)), choices), asked: words };
  }
  const found = subject(part, choices);
  if (found === undefined) return undefined;
  const usual = choices.happens(0.04) ? bare : about;
  const way = after === 'nothing' || choices.happens(0.3) ? usual : after === 'question' ? bare : another;
  return { text: typed(capital(choices.of(way).replace('{}', found.phrase)), choices), asked: found.asked };
}

/** One thing of the part with its article, to be offered. */
export function thingOf(part: string, choices: Choices): string | undefined {
  const topics = topicsOf(part, choices).filter(({ words, weight }) => words.length === 1 && weight >= 0.3);
  return topics.length > 0 ? choices.of(topics).phrase : undefined;
}
