import type { Job, JobProgress, Result, TokenReport } from '../worker/protocol.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { choicesTold, usageOf } from './usage.ts';

/** What a body says of how the answer is said. */
interface ShownBody {
  readonly n?: number;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly logprobs?: number;
  readonly echo?: boolean;
  readonly diffusing?: boolean;
}

/** An answer in the shape of OpenAI's completions, with a choice for each job. */
export function completionAnswer(body: ShownBody, asked: ApiRequest, jobs: readonly Job[]): Answer {
  const said = new SaidCompletion(body, asked, jobs);
  const isScored = jobs[0].echo === true;
  return {
    jobs,
    choices: jobs.length,
    // what is known of a prompt is known at the end
    stream: body.stream && !isScored ? 'events' : undefined,
    terminator: '[DONE]',
    ...(isScored && { remarks: { likelihood: likelihoodOf(asked.facts.isCausal) } }),
    whole: (results) => said.whole(results),
    opening: (index) => (body.echo ? [said.chunk([said.choice(index, said.echoedBy(index).text)])] : []),
    progress: (index, progress) => said.progress(index, progress),
    ended: (index, { finish, seed, text }) => [
      // a reader of snapshots replaces what it has by each of them
      said.chunk([said.choice(index, body.diffusing ? text : '', { finish_reason: finish })], { seed }),
    ],
    closing: (results) =>
      body.stream_options?.include_usage ? [said.chunk([], { usage: usageOf(results, body.n) })] : [],
  };
}

/** The objects of one answer, whole or as a stream. */
class SaidCompletion {
  readonly #body: ShownBody;
  readonly #jobs: readonly Job[];
  /** What all objects have. */
  readonly #common: object;
  readonly #hasLogprobs: boolean;
  /** By choice, the characters that tokens were reported of. */
  readonly #offsets = new Map<number, number>();

  constructor(body: ShownBody, { id, nowMs, model }: ApiRequest, jobs: readonly Job[]) {
    this.#body = body;
    this.#jobs = jobs;
    this.#common = { id, object: 'text_completion', created: Math.floor(nowMs / 1000), model };
    this.#hasLogprobs = body.logprobs !== undefined;
  }

  chunk(choices: readonly object[], more: object = {}): object {
    return { ...this.#common, choices, ...more };
  }

  /** Some clients of gaps read `text`, some `delta.content`: they get both. */
  choice(index: number, text: string, more: object = {}): object {
    const isGap = this.#jobs[0].task.kind === 'fill';
    const said = { index, text, ...(isGap && { delta: { content: text } }) };
    return { ...said, logprobs: null, finish_reason: null, ...more };
  }

  /** What stands before an answer, where it is to be said again. */
  echoedBy(index: number, result?: Result): NonNullable<Result['echoed']> {
    if (result?.echoed) return result.echoed;
    const { task } = this.#jobs[index];
    const isSaid = this.#body.echo && task.kind === 'write' && typeof task.prompt === 'string';
    return { text: isSaid ? (task.prompt as string) : '', tokens: [] };
  }

  whole(results: readonly Result[]): object {
    const choices = results.map((result, index) => {
      const echoed = this.echoedBy(index, result);
      return {
        index,
        text: echoed.text + result.text,
        logprobs: this.#hasLogprobs ? logprobsOf([...echoed.tokens, ...result.tokens], 0) : null,
        finish_reason: result.finish,
      };
    });
    const usage = usageOf(results, this.#body.n);
    return this.chunk(choices, { usage, seed: results[0].seed, ...choicesTold(results) });
  }

  progress(index: number, { text, tokens, snapshot, frame }: JobProgress): object[] {
    const said = snapshot ?? text;
    const reports = this.#hasLogprobs && tokens.length > 0;
    if (said === '' && !reports && !frame) return [];
    const offset = this.#offsets.get(index) ?? 0;
    this.#offsets.set(index, offset + tokens.reduce((length, token) => length + token.text.length, 0));
    const logprobs = reports ? logprobsOf(tokens, offset) : null;
    const diffusion = frame && { diffusion: { choice: index, ...frame } };
    return [this.chunk([this.choice(index, said, { logprobs })], diffusion)];
  }
}

/** What the logprobs of a prompt are. */
const likelihoodOf = (isCausal: boolean): string =>
  isCausal
    ? 'exact: the chain rule of a causal model'
    : 'exact, of the sampler left-to-right with one token a step';

function logprobsOf(tokens: readonly TokenReport[], offset: number): object {
  let at = offset;
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob ?? null),
    top_logprobs: tokens.some(({ top }) => top)
      ? tokens.map(
          ({ top }) =>
            top && Object.fromEntries(top.map(({ text, logprob }) => [text, logprob]).toReversed()),
        )
      : null,
    text_offset: tokens.map(({ text }) => {
      const start = at;
      at += text.length;
      return start;
    }),
  };
}
