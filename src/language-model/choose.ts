import { InvalidOptionError, UnsupportedError } from '../base/errors.ts';
import { encodeWithin } from '../tokenizer/continuation.ts';
import type { ChooseRequest, ScoredAnswer } from './language-model.ts';
import type { ModelContext } from './model-context.ts';
import { contextOf } from './network-predictor.ts';
import { checkFits, requireTemplate } from './sample-request.ts';

/**
 * How likely each of some answers is, in one forward each:
 *
 *     ln p(a | c) = Σ_i ln p_θ(a^i | c, [MASK] … [MASK])          probability = p(a | c) / Σ_a' p(a' | c)
 *
 * for an answer of a canvas of its length, which is the exact likelihood of the sampler that writes it in one step; of a causal
 * model the chain rule.
 *
 * @returns  the answers in their order
 * @throws InvalidOptionError  for no answers, an empty one, and what doesn't fit
 */
export async function chooseAnswer(
  model: ModelContext,
  { prompt = '', messages, answers, signal }: ChooseRequest,
): Promise<readonly ScoredAnswer[]> {
  const { network, tokenizer, maskId, isCausal, startId, noise, chatTemplate } = model;
  if (noise === 'uniform')
    throw new UnsupportedError('answers have no likelihood: the noise of this model is random tokens');
  if (answers.length === 0 || answers.includes(''))
    throw new InvalidOptionError('answers', 'must be texts, none of them empty', answers);
  const template = messages && requireTemplate(chatTemplate);
  const given = template ? template.encode(messages!).ids : model.opening(tokenizer.encode(prompt));
  const end = template?.turnEndId;
  const scored = answers.map(async (text) => {
    const answer = [...encodeWithin(tokenizer, text), ...(end === undefined ? [] : [end])];
    checkFits(given.length + answer.length, model.maxLength);
    const rows = Int32Array.from(answer, (_, i) => given.length + i);
    const x0 = Int32Array.from([...given, ...answer]);
    const xt = Int32Array.from([...given, ...answer.map(() => maskId)]);
    const { data, outputs } = isCausal ? contextOf(x0, rows, startId) : { data: xt, outputs: rows };
    const targets = Int32Array.from(answer);
    const nats = await network.score({ shape: [1, data.length], data }, outputs, targets, { signal });
    return { text, logprob: -nats.reduce((sum, cost) => sum + cost, 0), tokens: answer.length };
  });
  const told = await Promise.all(scored);
  const highest = Math.max(...told.map(({ logprob }) => logprob));
  const total = told.reduce((sum, { logprob }) => sum + Math.exp(logprob - highest), 0);
  return told.map((one) => ({ ...one, probability: Math.exp(one.logprob - highest) / total }));
}
