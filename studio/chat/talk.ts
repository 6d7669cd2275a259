import { batch, computed, effect, type Signal, signal } from '@preact/signals';
import { stream } from '../client.ts';
import {
  type CalledTool,
  type Conversation,
  conversationsFrom,
  emptyConversation,
  messagesOf,
  pathOf,
  toolsOf,
  type Turn,
  withBranch,
  withText,
  withTurn,
} from '../core/conversation.ts';
import { learnDefaults, type ServedModel } from '../parts/model-picker.tsx';
import { Player, type StreamEvent } from '../parts/player.ts';
import type { Values } from '../parts/field-input.tsx';
import { type Context, type Limits, sentOf, takenBy } from './context.ts';

interface ChatEvent extends StreamEvent {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly tool_calls?: readonly CallDelta[] };
    readonly finish_reason?: string | null;
  }[];
}

/** A piece of a call: its beginning has the name, what follows more of the arguments. */
interface CallDelta {
  readonly index: number;
  readonly id?: string;
  readonly function: { readonly name?: string; readonly arguments?: string };
}

/** How an answer came to be. */
export interface Written {
  readonly player: Player;
  /** What stood there before: of an answer that went on. */
  readonly begun: string;
}

/** An answer that is being written. */
export interface Writing {
  readonly player: Player;
  /** The turn that it answers. */
  readonly to: number;
  /** The answer that goes on. */
  readonly begun?: Turn;
  readonly aborting: AbortController;
}

const storageKey = 'conversations';

/** All conversations of this browser, the one that is seen, and the answers that are being written. */
export class Talk {
  readonly all = signal<readonly Conversation[]>([]);
  readonly seen = signal('');
  /** The answer that is being written in each conversation. */
  readonly #writings = signal<ReadonlyMap<string, Writing>>(new Map());
  /** That of the conversation that is seen. */
  readonly writing = computed(() => this.#writings.value.get(this.seen.value));
  readonly problem = signal<unknown>(undefined);
  /** What is said on the path that is seen, in tokens; undefined while nobody has counted them. */
  readonly context = signal<Context | undefined>(undefined);
  /** How each answer of this visit came to be, by conversation and turn. */
  readonly recordings = new Map<string, Written>();
  /** What is about to be said in each conversation. */
  readonly drafts = new Map<string, Signal<string>>();
  /** What is being typed in the place of what was said, by conversation and turn. */
  readonly edits = signal<ReadonlyMap<string, Signal<string>>>(new Map());
  readonly conversation = computed(() => this.all.value.find(({ id }) => id === this.seen.value)!);
  readonly path = computed(() => pathOf(this.conversation.value));
  readonly #newId: () => string;
  /** What went wrong in conversations while others were seen. */
  readonly #problems = new Map<string, unknown>();

  constructor(storage: Storage, newId: () => string = () => crypto.randomUUID()) {
    this.#newId = newId;
    this.all.value = conversationsFrom(storage.getItem(storageKey));
    if (this.all.value.length === 0) this.begin();
    else this.seen.value = this.all.value[0].id;
    effect(() => {
      try {
        storage.setItem(storageKey, JSON.stringify(this.all.value));
      } catch {
        this.problem.value = new Error(
          'The browser keeps no more: export what matters, and delete conversations.',
        );
      }
    });
    // another tab is as good as this one
    addEventListener('storage', ({ key, newValue }) => {
      if (key !== storageKey || this.#writings.value.size > 0) return;
      const all = conversationsFrom(newValue);
      if (!all.some(({ id }) => id === this.seen.value)) return;
      this.all.value = all;
    });
  }

  /** Begins another conversation, unless an empty one is there already. */
  begin(): void {
    const empty = this.all.value.find(({ turns }) => turns.length === 0);
    const conversation = empty ?? emptyConversation(this.#newId());
    batch(() => {
      if (!empty) this.all.value = [conversation, ...this.all.value];
      this.seen.value = conversation.id;
      this.problem.value = undefined;
      this.context.value = undefined;
    });
  }

  /** Shows another conversation; what is being written in this one goes on. */
  open(id: string): void {
    if (id === this.seen.value) return;
    batch(() => {
      this.problem.value = this.#problems.get(id);
      this.context.value = undefined;
      this.seen.value = id;
    });
    this.#problems.delete(id);
  }

  /** What is about to be said in a conversation. */
  draftIn(id: string): Signal<string> {
    const draft = this.drafts.get(id) ?? signal('');
    this.drafts.set(id, draft);
    return draft;
  }

  /** Whether an answer is being written in a conversation. */
  isWriting(id: string): boolean {
    return this.#writings.value.has(id);
  }

  /** Gives a conversation a name; none is its first words again. */
  rename(id: string, title: string): void {
    this.#change((conversation) => ({ ...conversation, title: title.trim() || undefined }), id);
  }

  forget(id: string): void {
    this.stop(id);
    this.drafts.delete(id);
    batch(() => {
      this.all.value = this.all.value.filter((conversation) => conversation.id !== id);
      if (this.all.value.length === 0) this.begin();
      else if (this.seen.value === id) this.open(this.all.value[0].id);
    });
  }

  setSystem(system: string): void {
    this.#change((conversation) => ({ ...conversation, system }));
  }

  /** Has another text typed in the place of a turn. */
  edit(turn: string, text: string): void {
    this.edits.value = new Map(this.edits.value).set(turn, signal(text));
  }

  /** Ends that. */
  endEdit(turn: string): void {
    this.edits.value = new Map([...this.edits.value].filter(([name]) => name !== turn));
  }

  /** The functions that answers may call, as JSON. */
  setTools(tools: string): void {
    this.#change((conversation) => ({ ...conversation, tools }));
  }

  branch(turn: Turn): void {
    this.stop();
    this.#contextIsBehind();
    this.#change((conversation) => withBranch(conversation, turn));
  }

  /** Counts what is said: in another visit, on another branch, or to a model that was not loaded yet. */
  async count(model: ServedModel, options: Values): Promise<void> {
    const path = this.path.value;
    const all = messagesOf(this.conversation.value);
    const limits = limitsOf(model, options);
    const found = limits && (await takenBy(all, limits, new AbortController().signal));
    if (this.path.value === path) this.context.value = found;
  }

  /** Says something, behind `parent`, and has it answered. */
  async say(
    text: string,
    parent: number | null,
    model: ServedModel | undefined,
    options: Values,
  ): Promise<void> {
    this.stop();
    this.#change((conversation) => withTurn(conversation, parent, 'user', text));
    await this.answer(this.conversation.value.leaf!, model, options);
  }

  /** Says what each function returned that the answer `parent` calls, and has the model go on. */
  async giveBack(
    returned: readonly string[],
    parent: number,
    model: ServedModel | undefined,
    options: Values,
  ): Promise<void> {
    this.stop();
    this.#change((conversation) =>
      returned.reduce(
        (so, text, index) => withTurn(so, index === 0 ? parent : so.leaf, 'tool', text),
        conversation,
      ),
    );
    await this.answer(this.conversation.value.leaf!, model, options);
  }

  /** Has a turn answered, once more if it was before. What is stopped keeps what was final by then. */
  async answer(to: number, model: ServedModel | undefined, options: Values): Promise<void> {
    this.stop();
    this.#change((conversation) => ({ ...conversation, leaf: to }));
    await this.#write({ to }, model, options);
  }

  /** Has an answer go on that ended for want of room, or was stopped. */
  async goOn(begun: Turn, model: ServedModel | undefined, options: Values): Promise<void> {
    this.stop();
    if (begun.parent !== null) await this.#write({ to: begun.parent, begun }, model, options);
  }

  async #write(
    { to, begun }: Pick<Writing, 'to' | 'begun'>,
    model: ServedModel | undefined,
    options: Values,
  ): Promise<void> {
    const id = this.seen.value;
    const aborting = new AbortController();
    const player = new Player();
    batch(() => {
      this.problem.value = undefined;
      this.#writings.value = new Map(this.#writings.value).set(id, { player, to, begun, aborting });
    });
    const heard = new Heard();
    await player.watch(heard.in(this.#events(begun !== undefined, model, options, aborting.signal)));
    void learnDefaults([model]);
    batch(() => {
      const isSeen = id === this.seen.value;
      if (this.#writings.value.get(id)?.player === player) this.#end(id);
      if (isSeen) this.problem.value = player.problem.value;
      else this.#problems.set(id, player.problem.value);
      const isCutOff = player.state.value === 'failed' || aborting.signal.aborted;
      // half a call is none
      const calls = isCutOff ? [] : heard.calls;
      if (heard.text === '' && calls.length === 0 && isCutOff) return;
      this.#change((conversation) => {
        const more = { ...(model && { model: model.id }), ...(calls.length > 0 && { calls }) };
        const added = begun
          ? withText(conversation, begun.id, (begun.text + heard.text).trimEnd())
          : withTurn(conversation, to, 'assistant', heard.text.trim(), more);
        this.recordings.set(`${id} ${begun?.id ?? added.leaf}`, { player, begun: begun?.text ?? '' });
        // who looks at another branch by now stays there
        return conversation.leaf === (begun?.id ?? to) ? added : { ...added, leaf: conversation.leaf };
      }, id);
      const tokens = player.ending.value?.tokens ?? player.facts.value?.written;
      if (isSeen) this.#contextIsBehind(tokens);
    });
  }

  /** What was counted, and what came since, is shown until it is counted anew. */
  #contextIsBehind(written = 0): void {
    const context = this.context.value;
    this.context.value = context && { ...context, tokens: context.tokens + written, isBehind: true };
  }

  /** Asks for an answer to as much of what is seen as the model can read, or for more of the answer that it ends with. */
  async *#events(
    goesOn: boolean,
    model: ServedModel | undefined,
    options: Values,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent> {
    const conversation = this.conversation.value;
    const tools = toolsOf(conversation);
    const all = messagesOf(conversation);
    const limits = model && limitsOf(model, options);
    const found = limits && (await sentOf(all, limits, signal));
    if (found && conversation.id === this.seen.value) this.context.value = found.context;
    const body = {
      model: model?.id,
      messages: found?.messages ?? all,
      ...options,
      ...(tools.length > 0 && { tools }),
      ...(goesOn && { continue_final_message: true }),
      stream_options: { include_usage: true },
    };
    yield* stream<ChatEvent>('/v1/chat/completions', body, signal);
  }

  /** Ends the answer that is being written in a conversation, if one is. */
  stop(id = this.seen.value): void {
    this.#writings.value.get(id)?.aborting.abort();
  }

  #end(id: string): void {
    const others = new Map(this.#writings.value);
    others.delete(id);
    this.#writings.value = others;
  }

  #change(change: (conversation: Conversation) => Conversation, id = this.seen.value): void {
    this.all.value = this.all.value.map((one) => (one.id === id ? change(one) : one));
  }
}

/** What a model can read; undefined where that is not known yet. */
const limitsOf = ({ id: model, context_length: most }: ServedModel, { length }: Values): Limits | undefined =>
  most === undefined ? undefined : { model, most, room: typeof length === 'number' ? length : undefined };

/** What an answer says and calls, put together from its pieces. */
class Heard {
  text = '';
  readonly calls: CalledTool[] = [];

  async *in(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent> {
    for await (const event of events) {
      const { content, tool_calls = [] } = event.choices?.[0]?.delta ?? {};
      this.text += content ?? '';
      for (const { index, id = '', function: piece } of tool_calls) {
        const { id: known, name, json } = this.calls[index] ?? { id, name: piece.name ?? '', json: '' };
        this.calls[index] = { id: known, name, json: json + (piece.arguments ?? '') };
      }
      yield event;
    }
  }
}
