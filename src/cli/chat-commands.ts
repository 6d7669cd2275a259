import { z } from 'zod';
import { type FlatSamplingOptions, samplingSchema } from '../sampling/options.ts';
import { UsageError } from './command.ts';
import type { ChatConversation } from './conversation.ts';
import { kebabCase } from '../base/options.ts';
import { parseOptions } from './flags.ts';

/** What the commands of a chat change. */
export interface ChatState {
  readonly conversation: ChatConversation;
  /** What the person asks of answers; the model's own defaults hold for the rest. */
  sampling: Partial<FlatSamplingOptions>;
  /** The question that was stopped, or failed. */
  unanswered?: string;
  /** How often the last question was asked again. */
  retries: number;
}

interface ChatCommand {
  /** How it is written, with what it takes. */
  readonly usage: string;
  readonly purpose: string;
  /** @returns what to say to the person, and a question that the model is to answer */
  run(state: ChatState, rest: string): Promise<Reply> | Reply;
}

interface Reply {
  readonly say?: string;
  readonly ask?: string;
  /** Undoes what asking needed, if there is no answer. */
  readonly restore?: () => void;
}

const settable = z.strictObject(samplingSchema.shape);

/** What may be said to a chat beside questions, by name. */
export const chatCommands: Readonly<Record<string, ChatCommand>> = {
  help: {
    usage: '/help',
    purpose: 'lists this',
    run: () => ({ say: help() }),
  },
  system: {
    usage: '/system TEXT',
    purpose: 'tells the model something first; without TEXT, nothing',
    run({ conversation }, text) {
      conversation.system = text;
      return { say: text === '' ? 'no system message' : 'system message set' };
    },
  },
  retry: {
    usage: '/retry',
    purpose: 'asks the last question again, with another seed',
    run(state) {
      const { conversation, unanswered } = state;
      const turn = unanswered === undefined ? conversation.takeBack() : undefined;
      const ask = unanswered ?? turn?.[0];
      if (ask === undefined) throw new UsageError('/retry: nothing has been asked');
      state.retries += 1;
      const restore = (): void => {
        if (turn) conversation.add(...turn);
        if (turn) state.unanswered = undefined;
      };
      return { ask, restore };
    },
  },
  undo: {
    usage: '/undo',
    purpose: 'takes the last question and its answer back',
    run(state) {
      const taken = state.unanswered ?? state.conversation.takeBack()?.[0];
      state.unanswered = undefined;
      if (taken === undefined) throw new UsageError('/undo: nothing has been asked');
      return { say: `taken back: ${taken}` };
    },
  },
  clear: {
    usage: '/clear',
    purpose: 'forgets the conversation, but not the system message',
    run(state) {
      state.conversation.clear();
      state.unanswered = undefined;
      return { say: 'forgotten' };
    },
  },
  save: {
    usage: '/save FILE',
    purpose: 'writes the conversation to a file',
    async run({ conversation }, path) {
      if (path === '') throw new UsageError('/save needs the name of a file');
      await conversation.save(path);
      return { say: `saved to ${path}` };
    },
  },
  load: {
    usage: '/load FILE',
    purpose: 'goes on with the conversation of a file',
    async run(state, path) {
      if (path === '') throw new UsageError('/load needs the name of a file');
      await state.conversation.load(path);
      state.unanswered = undefined;
      const turns = state.conversation.length;
      return { say: `${turns} turn${turns === 1 ? '' : 's'} from ${path}` };
    },
  },
  set: {
    usage: '/set OPTION VALUE',
    purpose: 'changes how answers are written (see --help); alone, shows it',
    run(state, rest) {
      const [, name, value] = /^(\S*)\s*([^]*)$/.exec(rest)!;
      if (name !== '') {
        const flag = `--${kebabCase(name.replace(/^--/, ''))}`;
        const { options, given } = parseOptions(settable, [value === '' ? flag : `${flag}=${value}`]);
        const changed = Object.entries(options).filter(([key]) => given.has(key));
        state.sampling = { ...state.sampling, ...Object.fromEntries(changed) };
      }
      const set = Object.entries(state.sampling).map(([key, each]) => `${key} ${JSON.stringify(each)}`);
      return { say: set.join(' · ') || 'nothing is set: answers are as the model has it' };
    },
  },
  exit: {
    usage: '/exit',
    purpose: 'leaves',
    run: () => ({}),
  },
};

function help(): string {
  const rows = Object.values(chatCommands).map(({ usage, purpose }) => [usage, purpose]);
  const width = Math.max(...rows.map(([usage]) => usage.length)) + 2;
  return rows.map(([usage, purpose]) => `${usage.padEnd(width)}${purpose}`).join('\n');
}
