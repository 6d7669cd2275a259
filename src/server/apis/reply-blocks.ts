import type { ToolForm } from '../../tokenizer/tool-form.ts';
import { type Call, CallReader, type ReplyPiece } from './call-reader.ts';

/** A part of an answer: its text, or a call. */
export type ReplyBlock =
  | { readonly type: 'text'; readonly text: string }
  | ({ readonly type: 'call' } & Call);

/** What becomes of the parts of an answer, in order: each is opened, grows, and is closed before the next. */
export type BlockEvent =
  | { readonly type: 'open' | 'close'; readonly index: number; readonly block: ReplyBlock }
  | { readonly type: 'grow'; readonly index: number; readonly block: ReplyBlock; readonly by: string };

/** An answer as the APIs have it that stream it part by part: OpenAI's Responses and Anthropic's Messages. */
export class ReplyBlocks {
  readonly #reader: CallReader;
  readonly #blocks: ReplyBlock[] = [];
  #isOpen = false;

  constructor(form: ToolForm | undefined) {
    this.#reader = new CallReader(form);
  }

  /** The parts so far. */
  get blocks(): readonly ReplyBlock[] {
    return this.#blocks;
  }

  get calls(): number {
    return this.#reader.calls;
  }

  read(text: string): BlockEvent[] {
    return this.#reader.read(text).flatMap((piece) => this.#take(piece));
  }

  /** What was held back, and the end of the last part. */
  finish(): BlockEvent[] {
    return [...this.#reader.finish().flatMap((piece) => this.#take(piece)), ...this.#close()];
  }

  #take(piece: ReplyPiece): BlockEvent[] {
    switch (piece.type) {
      case 'call':
        return [...this.#close(), ...this.#open({ type: 'call', name: piece.name, json: '' })];
      case 'text':
        return [...(this.#isOpen ? [] : this.#open({ type: 'text', text: '' })), this.#grow(piece.text)];
      case 'arguments':
        return [this.#grow(piece.json)];
      default:
        return piece satisfies never;
    }
  }

  #open(block: ReplyBlock): BlockEvent[] {
    this.#blocks.push(block);
    this.#isOpen = true;
    return [{ type: 'open', index: this.#blocks.length - 1, block }];
  }

  #grow(by: string): BlockEvent {
    const index = this.#blocks.length - 1;
    const was = this.#blocks[index];
    const block = was.type === 'text' ? { ...was, text: was.text + by } : { ...was, json: was.json + by };
    this.#blocks[index] = block;
    return { type: 'grow', index, block, by };
  }

  #close(): BlockEvent[] {
    if (!this.#isOpen) return [];
    this.#isOpen = false;
    return [{ type: 'close', index: this.#blocks.length - 1, block: this.#blocks.at(-1)! }];
  }
}

/** The parts of a whole answer. */
export function replyBlocks(text: string, form: ToolForm | undefined): readonly ReplyBlock[] {
  const blocks = new ReplyBlocks(form);
  blocks.read(text);
  blocks.finish();
  return blocks.blocks;
}
