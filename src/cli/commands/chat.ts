import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { UnsupportedError } from '../../base/errors.ts';
import { grouped } from '../../base/format-count.ts';
import { fittingMessages } from '../../base/fitting-messages.ts';
import type { Generation, Model } from '../../language-model/language-model.ts';
import { samplingSchema } from '../../sampling/options.ts';
import type { Frame } from '../../sampling/sample.ts';
import { chatCommands, type ChatState } from '../chat-commands.ts';
import { colorsFor } from '../terminal/colors.ts';
import { type Command, type Io, UsageError } from '../command.ts';
import { ChatConversation } from '../conversation.ts';
import { chosen } from './generate.ts';
import { type LoadModel, loadModel, modelOptions, samplingDefaultsOf } from '../load-model.ts';
import { sentenceOf } from '../program.ts';
import { linesOf, Terminal } from '../terminal/prompt-lines.ts';
import { brokenAtDots, frameMs, liveCanvas } from '../terminal/live-canvas.ts';
import { visible } from '../terminal/visible.ts';

const options = z.strictObject({
  ...modelOptions,
  model: modelOptions.model.describe(
    'a model directory, a run of unmask finetune, a GGUF file, or org/name after unmask pull [models/talk, which ships]',
  ),
  system: z.string().optional().describe('what the model is told before the conversation'),
  thinking: z
    .boolean()
    .optional()
    .describe('whether the model thinks first, for templates that ask (enable_thinking)'),
  ...samplingSchema.shape,
  seed: samplingSchema.shape.seed.describe('same seed, same answers [a new one each time]'),
  frameMs,
  json: z.boolean().default(false).describe('prints one line of JSON an answer'),
});

/** `unmask chat`, with any way to load a model. */
export function chatCommand(load: LoadModel): Command<typeof options> {
  return {
    summary: 'Talks with a model that was made for it, and shows its answers being unmasked',
    options,
    defaults: samplingDefaultsOf('talk'),
    examples: [
      ['unmask chat', 'the small model that ships; /help lists what else can be said'],
      [
        'unmask chat --model LLaDA-8B-Instruct --length 256 --block-length 32 --temperature 0.5',
        'long answers, in blocks',
      ],
      ['echo "What is 2 + 2?" | unmask chat --model LLaDA-8B-Instruct', 'each line is a question'],
    ],
    async run(
      { model: path, adapter, device, weights, system, thinking, frameMs, json, ...sampling },
      io,
      given,
    ) {
      const { shippedModels } = await import('../../model-files/locate.ts');
      const model = await load({ model: path ?? shippedModels.talk, adapter, device, weights }, io);
      try {
        if (!model.chatTemplate)
          throw new UnsupportedError(
            `${path} is no chat model: it has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json); name one that has with --model, or let this one go on with a text: unmask generate`,
          );
        const state = {
          conversation: new ChatConversation(system),
          sampling: chosen(sampling, given),
          retries: 0,
        };
        const settings = {
          variables: thinking === undefined ? {} : { enable_thinking: thinking },
          frameMs,
          json,
        };
        await talk(new Chat(model, state, settings, io), introduction(path, model), io);
      } finally {
        await model.close();
      }
    },
  };
}

export default chatCommand(loadModel);

/** Who one talks with, and what can't be expected. */
const introduction = (path: string | undefined, { config }: Model): string[] => [
  path ?? 'talk, the model that ships',
  ...(path === undefined ? ['small: it tells stories about what you name, and knows nothing else'] : []),
  `remembers ${grouped(config.maxLength)} tokens`,
];

/**
 * Reads one line after the other, from a person or a pipe, until there are no more.
 *
 * @param who  what a person is told first
 */
async function talk(chat: Chat, who: readonly string[], io: Io): Promise<void> {
  if (!io.stdin.isTTY || !io.stdout.isTTY) {
    for await (const line of linesOf(io)) if (!(await chat.hear(line, io.signal))) break;
    io.signal.throwIfAborted();
    return;
  }
  const terminal = new Terminal(io);
  const { dim } = colorsFor(io.stderr, io.env);
  const hints = ['/help lists the commands', 'Ctrl-C stops an answer', 'Ctrl-D leaves'];
  for (const facts of [who, hints])
    for (const line of brokenAtDots(facts, io.stderr)) io.stderr.write(`${dim(visible(line))}\n`);
  try {
    for await (const { text, signal } of terminal.lines()) {
      try {
        if (!(await chat.hear(text, signal))) break;
      } catch (error) {
        // a person's mistake, or a question that was stopped, doesn't end the conversation
        if (io.signal.aborted) throw error;
        const sentence = signal.aborted ? 'stopped; /retry asks again' : sentenceOf(error);
        if (sentence === undefined) throw error;
        io.stderr.write(`${dim(visible(sentence))}\n`);
      }
    }
  } finally {
    terminal.close();
  }
  io.signal.throwIfAborted();
}

interface Settings {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly frameMs: number;
  readonly json: boolean;
}

/** A conversation with a model. */
class Chat {
  readonly #model: Model;
  readonly #state: ChatState;
  readonly #settings: Settings;
  readonly #io: Io;
  /** How many of the oldest turns were left out of the last question. */
  #dropped = 0;

  constructor(model: Model, state: ChatState, settings: Settings, io: Io) {
    [this.#model, this.#state, this.#settings, this.#io] = [model, state, settings, io];
  }

  /** Does what a line says: a command, or a question to be answered. False if it says to leave. */
  async hear(line: string, signal: AbortSignal): Promise<boolean> {
    let question: string | undefined = line;
    let restore: (() => void) | undefined;
    if (!line.startsWith('/')) this.#state.retries = 0;
    else {
      const [, name, rest] = /^(\S*)\s*([^]*)$/.exec(line.slice(1))!;
      if (name === 'exit' || name === 'quit') return false;
      const command = Object.hasOwn(chatCommands, name) ? chatCommands[name] : undefined;
      if (!command) throw new UsageError(`there is no command /${name}; /help lists them`);
      const { ask, say, restore: back } = await command.run(this.#state, rest.trim());
      restore = back;
      if (say !== undefined) this.#io.stderr.write(`${visible(say)}\n`);
      question = ask;
    }
    if (question === undefined || question.trim() === '') return true;
    try {
      await this.#answer(question, signal);
    } catch (error) {
      restore?.();
      throw error;
    }
    return true;
  }

  async #answer(question: string, signal: AbortSignal): Promise<void> {
    const { conversation, sampling } = this.#state;
    this.#state.unanswered = question;
    const template = { variables: this.#settings.variables };
    const idsOf = (messages: Parameters<NonNullable<Model['chatTemplate']>['encode']>[0]) =>
      this.#model.chatTemplate!.encode(messages, template).ids.length;
    const room = this.#model.config.maxLength - this.#wantedLength();
    const sent = await fittingMessages(conversation.messages(question), idsOf, room);
    // a turn is a question and its answer
    const dropped = sent.dropped / 2;
    this.#tellDropped(dropped);

    const seed = sampling.seed === undefined ? randomInt(2 ** 32) : sampling.seed + this.#state.retries;
    const show = this.#display(sent.tokens);
    try {
      const generation = await this.#model.generate({
        ...sampling,
        messages: sent.messages,
        template,
        seed,
        signal,
        onFrame: (frame) => show.frame(frame, signal),
      });
      conversation.add(question, generation.text);
      this.#state.unanswered = undefined;
      show.end(generation, { seed, dropped });
      if (!this.#settings.json) this.#note(factsOf(generation, seed));
    } finally {
      show.close();
    }
  }

  /** Room that is kept for an answer. */
  #wantedLength(): number {
    const { sampling } = this.#state;
    const usual = this.#model.defaults.length ?? samplingSchema.shape.length.parse(undefined);
    return sampling.length ?? Math.min(usual, Math.floor(this.#model.config.maxLength / 2));
  }

  #note(text: string): void {
    this.#io.stderr.write(`${colorsFor(this.#io.stderr, this.#io.env).dim(text)}\n`);
  }

  #tellDropped(dropped: number): void {
    if (dropped > this.#dropped) {
      const turns = dropped === 1 ? 'the oldest turn is' : `the oldest ${dropped} turns are`;
      const { maxLength } = this.#model.config;
      this.#note(`${turns} left out: the conversation no longer fits into ${maxLength} tokens`);
    }
    this.#dropped = dropped;
  }

  /** Where an answer goes that begins at a position of the canvas. */
  #display(from: number): {
    frame(frame: Frame, signal: AbortSignal): Promise<void> | void;
    end(generation: Generation, facts: { readonly seed: number; readonly dropped: number }): void;
    close(): void;
  } {
    const { stdout } = this.#io;
    const nothing = (): void => {};
    if (this.#settings.json) {
      const end = ({ text, stats }: Generation, facts: object): void =>
        void stdout.write(`${JSON.stringify({ role: 'assistant', content: text, ...facts, stats })}\n`);
      return { frame: nothing, end, close: nothing };
    }
    const live = liveCanvas(this.#model, this.#settings.frameMs, this.#io, this.#state.sampling);
    if (!live) return { frame: nothing, end: ({ text }) => void stdout.write(`${text}\n`), close: nothing };
    let last: Frame | undefined;
    return {
      frame: async (frame, signal) => {
        last = answerIn(frame, from);
        await live.show(last, signal);
      },
      end({ frame, tokens }) {
        last = undefined;
        live.view.finish(answerIn({ ...frame, tokens }, from));
      },
      // of an answer that was stopped the text stays that was written
      close: () => last && live.view.finish(last),
    };
  }
}

function factsOf({ stats }: Generation, seed: number): string {
  const { tokens, forwards, ms } = stats;
  return `${tokens} tokens · ${forwards} forwards · ${(ms / 1000).toFixed(1)} s · seed ${seed}`;
}

/** A frame without what was said before. */
const answerIn = (frame: Frame, from: number): Frame => ({
  ...frame,
  tokens: frame.tokens.subarray(from),
  changed: frame.changed.flatMap((position) => (position < from ? [] : [position - from])),
  confidence: frame.confidence.subarray(from),
});
