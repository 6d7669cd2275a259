import { FileError, InvalidOptionError } from '../base/errors.ts';
import type { ChatMessage, ChatTemplate } from './chat-template.ts';
import type { Tokenizer } from './tokenizer.ts';

/** How the calls of functions stand in an answer: `before` NAME `between` ARGUMENTS (`next` NAME `between` ARGUMENTS)* `end`. */
export interface ToolForm {
  readonly before: string;
  readonly between: string;
  readonly next: string;
  readonly end: string;
}

/** For a model whose template knows of no functions. */
export const plainToolForm: ToolForm = {
  before: '{"name": "',
  between: '", "arguments": ',
  next: '}\n{"name": "',
  end: '}',
};

const names = ['first_probe', 'second_probe'];
const probe = names.map((name) => ({
  type: 'function',
  function: { name, description: '', parameters: { type: 'object', properties: {} } },
}));

/**
 * How a template writes the calls of an earlier answer, which is how its model was taught to write them. It is found out by
 * asking: a conversation in which two functions were called is laid beside one that only asks. Special tokens are no part of
 * it, since what a model writes is read without them. Undefined for a template that doesn't know of functions.
 */
export function toolFormOf(template: ChatTemplate, tokenizer: Tokenizer): ToolForm | undefined {
  const question: ChatMessage = { role: 'user', content: 'question' };
  const calls = names.map((name, i) => ({
    type: 'function',
    id: `probe000${i}`,
    function: { name, arguments: { [`key${i}`]: 1 } },
  }));
  const answer: ChatMessage = { role: 'assistant', content: '', tool_calls: calls };
  let [asked, whole] = ['', ''];
  try {
    asked = template.encode([question], { tools: probe }).text;
    if (!asked.includes(names[0])) return undefined;
    whole = template.encode([question, answer], { tools: probe, addGenerationPrompt: false }).text;
  } catch (error) {
    if (error instanceof InvalidOptionError || error instanceof FileError) return undefined;
    throw error;
  }
  // up to where the two part: from there on it is the answer
  let start = 0;
  while (start < asked.length && asked[start] === whole[start]) start++;
  const written = whole.slice(start);
  const [, first, between, joint, again, end] =
    /^([^]*?)first_probe([^]*?)\{\s*"key0"\s*:\s*1\s*\}([^]*?)second_probe([^]*?)\{\s*"key1"\s*:\s*1\s*\}([^]*)$/.exec(
      written,
    ) ?? [];
  if (first === undefined || between !== again) return undefined;
  const specials = [...tokenizer.specialTokens.keys()];
  const turnEnd = specials.find((name) => tokenizer.specialTokens.get(name) === template.turnEndId);
  const plain = (text: string): string => specials.reduce((rest, name) => rest.replaceAll(name, ''), text);
  const form = {
    // some templates write that nothing was thought
    before: plain(first)
      .replace(/^\s*<think>\s*<\/think>/, '')
      .trimStart(),
    between: plain(between),
    next: plain(joint),
    end: plain(turnEnd === undefined ? end : end.split(turnEnd)[0]).trimEnd(),
  };
  // where nothing stands before a name an answer can't be told from a call
  return form.before === '' || form.between === '' ? undefined : form;
}
