import { InvalidOptionError } from '../../base/errors.ts';
import type { FlatSamplingOptions } from '../../sampling/options.ts';

/** What a request may cost, and how long it may take. Every number here is also in docs/server.md. */
export const limits = {
  bodyBytes: 2 ** 20,
  headerBytes: 16 * 1024,
  headers: 64,
  jsonDepth: 32,
  jsonNodes: 10_000,
  choices: 4,
  stops: 64,
  stopCharacters: 64,
  messages: 256,
  /** Prompts of a request. */
  prompts: 64,
  /** Texts of which an answer is one. */
  answers: 64,
  /** Texts of a request that are embedded. */
  inputs: 2048,
  tools: 64,
  /** Of a text that is given to be filled, edited or read. */
  textCharacters: 2 ** 16,
  holes: 256,
  /** Times that a text is read and rewritten. */
  passes: 16,
  /** Candidates that an event may have: so many of each position that a canvas has to write. */
  candidates: 2 ** 15,
  /** Steps that a request may ask for, for each token that it wants. */
  stepsPerToken: 4,
  connections: 256,
  /** Requests that a client sends on a connection before the first of them is answered. */
  pipelined: 32,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  /** A request waits so long for its turn. */
  queueMs: 30_000,
  /** A client may leave what it is sent unread for so long. */
  stallMs: 15_000,
  /** In all, where others wait for the place that it holds. */
  busyStallMs: 3000,
  /** A text is given so long to be written. */
  generationMs: 300_000,
  /** After SIGTERM what is being written may go on for so long. */
  drainMs: 20_000,
  /** Before that, a balancer has so long to hear from /health that nothing more is to be sent. */
  drainNoticeMs: 5000,
  /** And what it had sent before has so long to arrive. */
  drainLullMs: 1000,
  /** A refusal for want of room is held back for so long: who asks again at once would slow down those who are served. */
  refusalMs: 1000,
  /** So often an idle stream gets a comment, so that nothing between takes it for dead. */
  heartbeatMs: 15_000,
} as const;

/** The limits with their values left open, so that a test may have others. */
export type Limits = { readonly [Name in keyof typeof limits]: number };

/** @throws InvalidOptionError  for more steps than a request may cost, in whichever option they are */
export function checkSteps(
  asked: Partial<Pick<FlatSamplingOptions, 'steps' | 'stepsPerBlock' | 'corrections'>>,
  tokens: number,
): void {
  for (const option of ['steps', 'stepsPerBlock', 'corrections'] as const) {
    const steps = asked[option];
    if (steps === undefined || steps <= limits.stepsPerToken * tokens) continue;
    const problem = `must be at most ${limits.stepsPerToken} for each token (${tokens})`;
    throw new InvalidOptionError(option, problem, steps);
  }
}

/** @throws InvalidOptionError  for more candidates than an event may have, for a canvas that is to be written */
export function checkCandidates(canvas: Int32Array, maskId: number, candidates: number): void {
  const masks = canvas.reduce((sum, token) => sum + (token === maskId ? 1 : 0), 0);
  if (candidates * masks <= limits.candidates) return;
  const problem = `must be at most ${Math.floor(limits.candidates / masks)} for ${masks} tokens`;
  throw new InvalidOptionError('candidates', problem, candidates);
}
