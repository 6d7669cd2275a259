import { lineChart } from '../charts/line-chart.ts';
import type { Judgement } from '../judge/judge.ts';
import type { SamplingOutcome } from './outcome.ts';

const groupsOf = (
  outcomes: readonly SamplingOutcome[],
  name: (outcome: SamplingOutcome) => string,
): string[] => [...new Set(outcomes.map(name))];

/** What speed costs: the likelihood of held-out text against tokens a forward, a line for each group of ways. */
export function speedChart(title: string, outcomes: readonly SamplingOutcome[]): string {
  const known = outcomes.filter(({ heldOut }) => heldOut !== undefined);
  return lineChart({
    title,
    xLabel: 'tokens a forward',
    yLabel: 'nats a token of held-out text under the sampler, lower is better',
    logarithmic: true,
    series: groupsOf(known, ({ group }) => group).map((name) => ({
      name,
      points: known
        .filter(({ group }) => group === name)
        .map(({ tokensPerForward, heldOut, ...outcome }) => ({
          x: tokensPerForward,
          y: heldOut!.mean,
          error: heldOut!.standardError,
          label: `${outcome.name}: ${tokensPerForward.toFixed(2)} tokens a forward, ${heldOut!.mean.toFixed(3)} ± ${heldOut!.standardError.toFixed(3)} nats a token`,
        })),
    })),
  });
}

/**
 * What is written: bits a character of an outside judge against the share of different pairs of words, a line over the
 * temperatures of each way, and real text where it is known. To be like real text is to be near it in both.
 */
export function varietyChart(
  title: string,
  outcomes: readonly SamplingOutcome[],
  real: Judgement | undefined,
): string {
  const pointOf = ({ bitsPerCharacter, standardError, distinct }: Judgement, label: string) => ({
    x: distinct[1],
    y: bitsPerCharacter,
    error: standardError,
    label: `${label}: ${bitsPerCharacter.toFixed(3)} bits a character, distinct-2 ${distinct[1].toFixed(3)}`,
  });
  return lineChart({
    title,
    xLabel: 'distinct-2, the share of different pairs of words',
    yLabel: 'bits a character by the judge',
    series: [
      ...(real ? [{ name: 'real text', points: [pointOf(real, 'real text')] }] : []),
      ...groupsOf(outcomes, ({ name }) => name).map((name) => ({
        name,
        points: outcomes
          .filter((outcome) => outcome.name === name)
          .map(({ judgement, temperature }) => pointOf(judgement, `${name}, temperature ${temperature}`)),
      })),
    ],
  });
}
