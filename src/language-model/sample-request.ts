import { InvalidOptionError } from '../base/errors.ts';
import type { ModelContext } from './model-context.ts';
import type { SampleContext } from './language-model.ts';
import type { AskedSampling, FlatSamplingOptions } from '../sampling/options.ts';
import { constraintIn } from '../sampling/constraint/constrain.ts';
import type { Language } from '../sampling/constraint/language.ts';
import { isOwnStrategy, strategiesUsing, strategyOptions } from '../sampling/strategy-table.ts';
import type { ChatTemplate } from '../tokenizer/chat-template.ts';

// What is asked of a sample, beside what the model says of itself.

/**
 * A model's defaults without those that mean nothing beside what is asked: steps of another length, another strategy's, cuts
 * beside a constraint; and, of a model that also reads whole texts, the attention of its blocks where others are asked for, or
 * fewer steps than there are blocks.
 */
export function fitting(
  { defaults: usual, readsWhole }: Pick<ModelContext, 'defaults' | 'readsWhole'>,
  asked: AskedSampling,
  language?: Language,
): Partial<FlatSamplingOptions> {
  const isConstrained = constraintIn({ ...asked, language }) !== undefined;
  const defaults = isConstrained && asked.strategy === undefined ? withoutEditing(usual) : usual;
  const changes = (option: 'length' | 'strategy' | 'blockLength'): boolean =>
    asked[option] !== undefined && asked[option] !== defaults[option];
  // a schedule is the model's; all else is another strategy's
  const keeps = (option: string): boolean =>
    option === 'schedule' &&
    (isOwnStrategy(asked.strategy) || strategiesUsing(option).includes(asked.strategy!));
  const { length = defaults.length ?? 0, steps = Infinity } = asked;
  // one more where the prompt ends within a block
  const blocks = length / (defaults.blockLength ?? Infinity) + 1;
  const asksOtherBlocks = changes('blockLength') || steps < blocks;
  const meaningless = new Set<string>([
    ...(changes('length') ? ['steps'] : []),
    ...(asked.steps === undefined ? [] : ['stepsPerBlock']),
    ...(asked.stepsPerBlock === undefined ? [] : ['steps']),
    // a constraint takes the likeliest text or draws from all of them, and says what is written
    ...(isConstrained
      ? ['topK', 'topP', 'minP', 'typicalP', 'confidenceOf', 'revise', 'reviseThreshold']
      : []),
    ...(readsWhole && asksOtherBlocks ? ['blockCausal'] : []),
    ...(changes('strategy') ? strategyOptions.filter((option) => !keeps(option)) : []),
  ]);
  return Object.fromEntries(Object.entries(defaults).filter(([option]) => !meaningless.has(option)));
}

/** A model that edits what it wrote (LLaDA2.1) only reveals where that can't be done, at the same threshold. */
export function withoutEditing(defaults: Partial<FlatSamplingOptions>): Partial<FlatSamplingOptions> {
  if (defaults.strategy !== 'editing') return defaults;
  const { tauEdit: _tauEdit, minReveal: _minReveal, corrections: _corrections, ...revealing } = defaults;
  return { ...revealing, strategy: 'threshold' };
}

/** @throws InvalidOptionError  for more tokens than the model has positions */
export function checkFits(length: number, maxLength: number): void {
  if (length <= maxLength) return;
  const problem = `must keep prompt and answer within the model's longest sequence (${maxLength} tokens)`;
  throw new InvalidOptionError('length', problem, `${length} tokens in all`);
}

/** @throws InvalidOptionError  for more than one way to say what is given */
export function requireOne(ways: Pick<SampleContext, 'prompt' | 'tokens' | 'messages'>): void {
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length <= 1) return;
  const names = given.map(([name]) => name);
  throw new InvalidOptionError(
    names[1],
    'is given instead of prompt, tokens or messages, not beside them',
    names,
  );
}

/** @throws UnsupportedError  for a model without a chat template */
export function requireTemplate(template: ChatTemplate | undefined): ChatTemplate {
  if (template) return template;
  const problem =
    "needs a model with a chat template (chat_template.jinja, or chat_template in tokenizer_config.json), and this one has none: use prompt, with the conversation written as the model's training data had it";
  throw new InvalidOptionError('messages', problem, 'messages');
}

/** @throws InvalidOptionError  for what a causal network can't do with masks that it doesn't know */
export function checkLeftToRight(
  canvas: Int32Array,
  { maskId, startId, guidance, size }: { maskId: number; startId?: number; guidance: number; size: number },
): void {
  if (startId === undefined && canvas[0] === maskId)
    throw new InvalidOptionError(
      'tokens',
      'must begin with a token that is given, the model being causal',
      maskId,
    );
  if (guidance !== 0 && maskId >= size)
    throw new InvalidOptionError('guidance', 'needs a model with a mask token', guidance);
}
