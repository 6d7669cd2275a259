/** A function that an answer calls. */
export interface CalledTool {
  readonly id: string;
  readonly name: string;
  /** Its arguments, as JSON. */
  readonly json: string;
}

/** What somebody said, or a function returned. */
export interface Turn {
  readonly id: number;
  /** What it answers; null for the first. */
  readonly parent: number | null;
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
  /** What an answer calls. */
  readonly calls?: readonly CalledTool[];
  /** The model that wrote an answer. */
  readonly model?: string;
}

/** A conversation with all its branches: a tree of turns, of which the path to `leaf` is seen. */
export interface Conversation {
  readonly id: string;
  readonly system: string;
  /** Functions that answers may call, as JSON that a person typed. */
  readonly tools?: string;
  readonly turns: readonly Turn[];
  readonly leaf: number | null;
  /** What a person calls it. */
  readonly title?: string;
}

export const emptyConversation = (id: string): Conversation => ({ id, system: '', turns: [], leaf: null });

/** The turns that are seen, first to last. */
export function pathOf({ turns, leaf }: Conversation): Turn[] {
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const path: Turn[] = [];
  for (let turn = byId.get(leaf ?? -1); turn; turn = byId.get(turn.parent ?? -1)) path.unshift(turn);
  return path;
}

/** What was said at the same place, the turn itself among them. */
export const branchesOf = ({ turns }: Conversation, { parent, role }: Turn): Turn[] =>
  turns.filter((turn) => turn.parent === parent && turn.role === role);

/** With one more turn behind `parent`, which is then what is seen. */
export function withTurn(
  conversation: Conversation,
  parent: number | null,
  role: Turn['role'],
  text: string,
  more: Pick<Turn, 'calls' | 'model'> = {},
): Conversation {
  const id = 1 + Math.max(-1, ...conversation.turns.map((turn) => turn.id));
  const turn: Turn = { id, parent, role, text, ...more };
  return { ...conversation, turns: [...conversation.turns, turn], leaf: id };
}

/** With another text in place of a turn's. */
export const withText = (conversation: Conversation, turn: number, text: string): Conversation => ({
  ...conversation,
  turns: conversation.turns.map((one) => (one.id === turn ? { ...one, text } : one)),
});

/** With the branch that goes through a turn seen, down to what was said last in it. */
export function withBranch(conversation: Conversation, turn: Turn): Conversation {
  let leaf = turn.id;
  for (;;) {
    const next = conversation.turns.findLast(({ parent }) => parent === leaf);
    if (!next) return { ...conversation, leaf };
    leaf = next.id;
  }
}

/** What a server is sent. */
export interface Message {
  readonly role: 'system' | Turn['role'];
  readonly content: string;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
}

/** The call that each turn of a path returns something for, by the turn's id: of an answer with several the first comes first. */
export function returnedCalls(path: readonly Turn[]): ReadonlyMap<number, CalledTool> {
  const returned = new Map<number, CalledTool>();
  let waiting: readonly CalledTool[] = [];
  for (const { id, role, calls = [] } of path) {
    const [call, ...others] = waiting;
    if (role !== 'tool') waiting = calls;
    else if (call) {
      returned.set(id, call);
      waiting = others;
    }
  }
  return returned;
}

export function messagesOf(conversation: Conversation): Message[] {
  const system = conversation.system.trim();
  const path = pathOf(conversation);
  const returned = returnedCalls(path);
  const messageOf = ({ id, role, text, calls = [] }: Turn): Message => {
    if (role === 'tool') return { role, content: text, tool_call_id: returned.get(id)?.id ?? '' };
    if (calls.length === 0) return { role, content: text };
    const tool_calls = calls.map(({ id: callId, name, json }) => ({
      id: callId,
      type: 'function' as const,
      function: { name, arguments: json },
    }));
    return { role, content: text, tool_calls };
  };
  return [...(system === '' ? [] : [{ role: 'system', content: system } as const]), ...path.map(messageOf)];
}

/** The functions that a conversation has, as a server takes them; none where nothing is typed. @throws Error  for what is no list */
export function toolsOf({ tools = '' }: Pick<Conversation, 'tools'>): readonly object[] {
  if (tools.trim() === '') return [];
  let given: unknown;
  try {
    given = JSON.parse(tools);
  } catch {
    given = undefined;
  }
  const all = Array.isArray(given) ? given : [given];
  if (all.every((one) => typeof one === 'object' && one !== null))
    // with the envelope of OpenAI's API or without
    return all.map((one: object) => ('function' in one ? one : { type: 'function', function: one }));
  throw new Error('The tools must be JSON: {"name": …, "parameters": …}, or a list of such.');
}

/** What it is called in a list: its name, or its first words. */
export function titleOf(conversation: Conversation): string {
  if (conversation.title) return conversation.title;
  const first = conversation.turns[0]?.text.trim().replace(/\s+/g, ' ') ?? '';
  if (first === '') return 'New conversation';
  return first.length > 80 ? `${first.slice(0, 79)}…` : first;
}

/** A name for a file of it, of letters that every system takes. */
export function fileNameOf(conversation: Conversation): string {
  const safe = titleOf(conversation)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .slice(0, 60)
    .trim();
  return `${safe || 'conversation'}.jsonl`;
}

/** Conversations as they were kept, or none where that is no longer readable. */
export function conversationsFrom(json: string | null): Conversation[] {
  try {
    const kept: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(kept) ? kept.filter(isConversation) : [];
  } catch {
    return [];
  }
}

function isConversation(value: unknown): value is Conversation {
  if (typeof value !== 'object' || value === null) return false;
  const { id, system, turns, leaf, title, tools } = value as Record<string, unknown>;
  return (
    [title, tools].every((text) => text === undefined || typeof text === 'string') &&
    typeof id === 'string' &&
    typeof system === 'string' &&
    (leaf === null || typeof leaf === 'number') &&
    Array.isArray(turns) &&
    turns.every(
      (turn: Partial<Turn> | null) =>
        typeof turn?.id === 'number' &&
        typeof turn.text === 'string' &&
        (turn.role === 'user' || turn.role === 'assistant' || turn.role === 'tool') &&
        (turn.model === undefined || typeof turn.model === 'string') &&
        (turn.calls === undefined || (Array.isArray(turn.calls) && turn.calls.every(isCall))) &&
        // a turn stands behind what it answers: there are no rings
        (turn.parent === null || (typeof turn.parent === 'number' && turn.parent < turn.id)),
    )
  );
}

const isCall = (call: Partial<CalledTool> | null): boolean =>
  typeof call?.id === 'string' && typeof call.name === 'string' && typeof call.json === 'string';
