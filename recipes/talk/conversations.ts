// Conversations with a storyteller, from stories: what the shipped dialogue model learns from.
import { askingFor, thingOf, typed } from './asking.ts';
import { Choices } from './random.ts';
import {
  agreed,
  declined,
  ending,
  type Exchange,
  exchanges,
  greeting,
  onward,
  refusal,
  unknown,
} from './small-talk.ts';
import { namesIn, partsOf, renamed, type ToldStory } from './story-parts.ts';
import { withArticle } from './words.ts';

/** A row to learn from, and what its first story was asked to be about. */
export interface Conversation {
  /** What the person and the model say in turn. */
  readonly turns: readonly string[];
  /** Which turn is the first part of a story; -1 if there is none. */
  readonly begins: number;
  /** Words that have to be in it. */
  readonly asked: readonly string[];
}

/** Most characters of a conversation, about 190 tokens. */
const most = 640;

/** A conversation of each story that one can be made of, and one beside stories for every twelfth. */
export function* conversationsOf(
  stories: readonly string[],
  seed: number,
): Generator<Conversation, void, void> {
  let last: Conversation | undefined;
  for (const [row, story] of stories.entries()) {
    const choices = new Choices(seed, row);
    const told = storyConversation(story, last, choices);
    if (told) yield told;
    last = told ?? last;
    if (row % 12 === 0) yield beside(choices);
  }
}

function storyConversation(
  story: string,
  last: Conversation | undefined,
  choices: Choices,
): Conversation | undefined {
  const named = choices.happens(0.6) ? renamed(story, (list) => choices.of(list)) : story;
  const lengths = Array.from({ length: 40 }, () => 90 + 100 * choices.next());
  const told = partsOf(named, (k) => lengths[k] ?? lengths[0]);
  const [first] = told.parts;
  if (first === undefined || first.length < 60) return undefined;
  const { before, after } = introduction(first, last, choices);
  const asking =
    after === 'offer'
      ? { text: typed(choices.of(agreed), choices), asked: [] }
      : askingFor(first, choices, after);
  if (asking === undefined) return undefined;
  const turns = [...before, asking.text, first];
  goOn(turns, told, choices);
  return { turns, begins: before.length + 1, asked: asking.asked };
}

/** What is said before a story is asked for, and what that calls for. */
interface Introduction {
  readonly before: readonly string[];
  readonly after: 'nothing' | 'question' | 'story' | 'offer';
}

/** Mostly nothing. */
function introduction(first: string, last: Conversation | undefined, choices: Choices): Introduction {
  const kind = choices.weighted([
    ['nothing', 72],
    ['question', 10],
    ['offer', 4],
    ['unknown', 6],
    ['declined', 2],
    ['story', 8],
  ]);
  const exchanged = ({ said, answers }: Exchange) => [typed(choices.of(said), choices), choices.of(answers)];
  if (kind === 'question')
    return {
      before: exchanged(choices.happens(0.6) ? greeting : choices.of(exchanges.filter(({ asks }) => asks))),
      after: kind,
    };
  if (kind === 'offer') {
    const before = exchanged(choices.of(exchanges));
    const isOffer = /Shall I tell you/.test(before[1]);
    return { before, after: isOffer ? choices.of(['offer', 'question']) : 'nothing' };
  }
  if (kind === 'story' && last !== undefined && last.begins >= 0)
    return { before: last.turns.slice(last.begins - 1, last.begins + 1), after: kind };
  const thing = kind === 'unknown' || kind === 'declined' ? thingOf(first, choices) : undefined;
  if (thing === undefined) return { before: [], after: 'nothing' };
  if (kind === 'unknown')
    return { before: [typed(unknown(choices), choices), refusal(thing, choices)], after: 'offer' };
  const refused = [typed(unknown(choices), choices), refusal(choices.of(offered), choices)];
  return { before: [...refused, ...exchanged(declined)], after: 'question' };
}

const offered = [
  'a cat',
  'a dog',
  'a bird',
  'a fish',
  'a rabbit',
  'a bear',
  'a princess',
  'a boat',
  'a frog',
  'a tree',
  'a ball',
];

/** The story's next parts, its end, and a word of thanks, as far as there is room. */
function goOn(turns: string[], { parts, ends }: ToldStory, choices: Choices): void {
  const add = (said: string, answer: string): boolean => {
    const fits = turns.join('').length + said.length + answer.length <= most;
    if (fits) turns.push(typed(said, choices), answer);
    return fits;
  };
  if (choices.happens(0.08)) {
    const question = aboutName(parts[0], choices);
    if (question) add(...question);
  }
  const wanted = choices.weighted([
    [0, 30],
    [1, 40],
    [2, 20],
    [3, 10],
  ]);
  const last = ends ? parts.length - 1 : parts.length;
  let told = 1;
  while (told <= wanted && told < last && add(choices.of(onward), parts[told])) told++;
  if (!ends || !choices.happens(0.6)) return;
  const end = parts[last];
  const known = namesIn(parts.slice(0, told).join(' '));
  const isAbout = told === last || [...namesIn(end)].every((name) => known.has(name));
  if (isAbout && add(choices.of(ending), end) && choices.happens(0.15)) {
    const thanks = exchanges.find(({ said }) => said.includes('Thanks.'))!;
    add(choices.of(thanks.said), choices.of(thanks.answers));
  }
}

/** A question after the name that the part gives to somebody. */
function aboutName(part: string, choices: Choices): [said: string, answer: string] | undefined {
  const [, kind, name] =
    /\b(?:an?|the) (?:[a-z]+,? ){0,2}([a-z]+) (?:named|called) ([A-Z][a-z]+)\b/.exec(part) ?? [];
  if (name === undefined) return undefined;
  const said = [
    `What is the ${kind}'s name?`,
    `What was the ${kind}'s name?`,
    `What is the ${kind} called?`,
    `Who is ${name}?`,
    'Who is the story about?',
  ];
  const question = choices.of(said);
  if (question.startsWith('Who')) return [question, `${name} is ${withArticle(kind)}.`];
  return [question, `The ${kind}'s name is ${name}.`];
}

/** A few turns that are no story. */
function beside(choices: Choices): Conversation {
  const turns: string[] = [];
  const count = choices.weighted([
    [1, 5],
    [2, 3],
    [3, 2],
  ]);
  for (let k = 0; k < count; k++) {
    const isUnknown = choices.happens(0.3);
    const exchange = isUnknown
      ? undefined
      : k === 0 && choices.happens(0.25)
        ? greeting
        : choices.of(exchanges);
    turns.push(
      typed(exchange ? choices.of(exchange.said) : unknown(choices), choices),
      exchange ? choices.of(exchange.answers) : refusal(choices.of(offered), choices),
    );
  }
  return { turns, begins: -1, asked: [] };
}
