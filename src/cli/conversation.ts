import { existsSync } from 'node:fs';
import { z } from 'zod';
import { FileError } from '../base/errors.ts';
import { writeTextFile } from '../checkpoint/write-text-file.ts';
import type { ChatMessage } from '../tokenizer/chat-template.ts';
import { fileText } from './input.ts';

const file = z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }));

/** A conversation: what the model is told first, then turns of a question and its answer. */
export class ChatConversation {
  /** What the model is told before all; nothing if it is empty. */
  system: string;
  #turns: (readonly [question: string, answer: string])[] = [];

  constructor(system = '') {
    this.system = system;
  }

  get length(): number {
    return this.#turns.length;
  }

  /** All of it, then a question if there is one. */
  messages(question?: string): ChatMessage[] {
    return [
      ...(this.system === '' ? [] : [{ role: 'system', content: this.system } as const]),
      ...this.#turns.flatMap(([asked, answer]): ChatMessage[] => [
        { role: 'user', content: asked },
        { role: 'assistant', content: answer },
      ]),
      ...(question === undefined ? [] : [{ role: 'user', content: question } as const]),
    ];
  }

  add(question: string, answer: string): void {
    this.#turns.push([question, answer]);
  }

  /** Takes the last turn away, and gives it back. */
  takeBack(): readonly [question: string, answer: string] | undefined {
    return this.#turns.pop();
  }

  clear(): void {
    this.#turns = [];
  }

  /**
   * Writes it to a file, as a list of {role, content}; in the place of another conversation, and of nothing else.
   *
   * @throws FileError
   */
  async save(path: string): Promise<void> {
    if (existsSync(path)) await conversationIn(path, 'a new file, or one that /save has written');
    await writeTextFile(path, `${JSON.stringify(this.messages(), undefined, 2)}\n`);
  }

  /** Takes a file's conversation in place of this one. @throws FileError  for a file that `save` did not write */
  async load(path: string): Promise<void> {
    const messages = await conversationIn(
      path,
      'a conversation as /save writes it: a list of {role, content}',
    );
    const [first, ...others] = messages;
    const hasSystem = first?.role === 'system';
    const rest = hasSystem ? others : messages;
    const turns = Array.from({ length: rest.length / 2 }, (_, i) => [rest[2 * i], rest[2 * i + 1]] as const);
    const alternate =
      rest.length % 2 === 0 &&
      turns.every(([asked, answer]) => asked.role === 'user' && answer.role === 'assistant');
    if (!alternate)
      throw new FileError(
        path,
        'questions (user) and answers (assistant) in turn',
        rest.map(({ role }) => role).join(' '),
      );
    this.system = hasSystem ? first.content : '';
    this.#turns = turns.map(([asked, answer]) => [asked.content, answer.content]);
  }
}

/** What a file says that `save` wrote. @throws FileError  for another one, told what was expected */
async function conversationIn(path: string, expected: string): Promise<z.output<typeof file>> {
  let value: unknown;
  try {
    value = JSON.parse(await fileText(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new FileError(path, expected, cause.message, undefined, { cause });
  }
  const parsed = file.safeParse(value);
  if (!parsed.success) throw new FileError(path, expected, 'something else');
  return parsed.data;
}
