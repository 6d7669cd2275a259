import { labelOf } from './fields.ts';

/** A run that was judged. */
export interface JudgedRun {
  readonly name: string;
  /** Why it has no exact number, and what to do, as the server says it. */
  readonly unscored?: string;
}

/** Which runs have no exact number, what that would be, why they have none, and what gives them one: a sentence for each reason. */
export function unscoredWords(runs: readonly JudgedRun[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, unscored } of runs)
    if (unscored !== undefined) names.set(unscored, [...(names.get(unscored) ?? []), name]);
  return [...names].map(([why, some]) => {
    const who = some.length === 1 ? `Run ${some[0]} has` : `Runs ${listed(some)} have`;
    const reason = why.replace(/\b[a-z]+[A-Z]\w*/g, labelOf);
    return `${who} no exact number, which tells how likely a text was for the model that wrote it: ${reason}.`;
  });
}

const listed = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
