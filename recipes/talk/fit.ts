// What a storyteller is asked that it never learned from, and whether its answers fit.
import type { ChatMessage, Model } from '../../src/index.ts';
import type { GenerateRequest } from '../../src/language-model/language-model.ts';
import { writeTexts } from '../../src/evaluation/judge/write-texts.ts';
import { type Conversation, conversationsOf } from './conversations.ts';
import { storiesOf } from './stories.ts';
import { subjectsOf } from './story-parts.ts';

/** What is said after the first part of a story. */
export const later = ['What happened next?', 'How does it end?'] as const;

/** Things to say that are worded as nowhere in what it learned from, and what a fitting answer has. */
export const besideStories: readonly (readonly [said: string, fitting: RegExp])[] = [
  ['Hello, my little storyteller!', /\babout\?$/],
  ['Hi, nice to see you!', /\babout\?$/],
  ['Hey, good to see you. How do you feel?', /\?$/],
  ['And who might you be?', /small model/],
  ['Tell me who you are.', /small model/],
  ['What are you able to do?', /stor(?:y|ies)/],
  ['Are you a real human being?', /model/],
  ['How many years old are you?', /stories/],
  ['What is the capital of Norway?', /only know stories/],
  ['Who was Beethoven?', /only know stories/],
  ['What do you think about chess?', /only know stories/],
  ['How do I repair my phone?', /only know stories/],
  ['Thanks a lot!', /welcome|glad/],
  ['Good bye, see you tomorrow!', /Good(?:bye| night)/],
  ['That was a bad answer.', /sorry/],
];

/** Conversations of stories that no model here has read, which begin with a question for something, spread over all. */
export function heldOutConversations(count: number): Conversation[] {
  const all = [...conversationsOf(storiesOf('held out'), 2)].filter(
    ({ begins, asked }) => begins === 1 && asked.length > 0,
  );
  return Array.from({ length: count }, (_, k) => all[Math.floor((k * all.length) / count)]);
}

/** Whether all words that were asked for are in the answer, one or many of them. */
export const hasAll = (answer: string, asked: readonly string[]): boolean =>
  asked.every((word) => new RegExp(`\\b${word}(?:e?s)?\\b`, 'i').test(answer));

/** Whether the answer names somebody or something that was told of before. */
export function keepsTo(answer: string, told: string): boolean {
  const known = subjectsOf(told);
  return [...subjectsOf(answer)].some((subject) => known.has(subject));
}

/** The conversations as the model answers in them: what was asked first, then what happened next and how it ends; seeds 1, 2, … */
export async function answered(
  model: Model,
  first: readonly string[],
  options: Partial<GenerateRequest> = {},
): Promise<ChatMessage[][]> {
  const conversations: ChatMessage[][] = first.map(() => []);
  for (const said of [undefined, ...later]) {
    for (const [k, messages] of conversations.entries())
      messages.push({ role: 'user', content: said ?? first[k] });
    const requests = conversations.map((messages, k) => ({
      ...options,
      messages: [...messages],
      seed: k + 1,
    }));
    const { texts } = await writeTexts(model, requests);
    for (const [k, messages] of conversations.entries())
      messages.push({ role: 'assistant', content: texts[k] });
  }
  return conversations;
}

/** How many answers fit. */
export interface Fit {
  /** First answers with all words that were asked for. */
  readonly asked: number;
  /** Later answers that name somebody or something told before: what happened next, how it ends. */
  readonly kept: readonly number[];
  /** All the answers, conversation after conversation. */
  readonly answers: readonly string[];
}

export function fitOf(
  conversations: readonly (readonly ChatMessage[])[],
  asked: readonly Conversation[],
): Fit {
  const answersOf = (messages: readonly ChatMessage[]) =>
    messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  const told = conversations.map(answersOf);
  return {
    asked: told.filter(([first], k) => hasAll(first, asked[k].asked)).length,
    kept: later.map(
      (_, turn) => told.filter((all) => keepsTo(all[turn + 1], all.slice(0, turn + 1).join(' '))).length,
    ),
    answers: told.flat(),
  };
}
