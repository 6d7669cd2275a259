import { signal } from '@preact/signals';
import type { Claim } from '../../src/evaluation/claims/claim.ts';
import type { RecordedClaim, RecordedClaims } from '../../src/evaluation/claims/recorded.ts';
import { get, post } from '../client.ts';
import type { Values } from '../parts/field-input.tsx';
import { isAtWork, type Task } from '../parts/tasks.ts';

/** Budgets by name, and about what all claims take on two cores of 2020: an estimate. */
export const budgets = {
  quick: '15 minutes',
  hour: '1–2 hours',
  night: 'a night',
} as const;
export type BudgetName = keyof typeof budgets;

/** What came out of a test; nothing of a claim that was not tested. */
export type Found = Partial<Omit<RecordedClaim, 'letter'>>;

/** A claim, what was found of it on this machine, and what was recorded before. */
export interface ToldClaim
  extends Found, Pick<Claim, 'letter' | 'title' | 'sentence' | 'how' | 'rule' | 'wouldChange' | 'source'> {
  /** How many items and seeds its numbers are of. */
  readonly basis: string;
  readonly recorded?: Found;
}

/** When and on what the recorded verdicts were found. */
export type Recorded = Omit<RecordedClaims, 'claims'>;

/** What is said, and what was found with a budget. */
export class Claims {
  readonly budget = signal<BudgetName>('quick');
  /** Undefined until they were asked for. */
  readonly list = signal<readonly ToldClaim[] | undefined>(undefined);
  readonly recorded = signal<Recorded | undefined>(undefined);
  readonly task = signal<Task | undefined>(undefined);
  /** The claims that were asked for last; undefined for all. */
  readonly asked = signal<readonly string[] | undefined>(undefined);

  /** @param draft  what was chosen and asked for when the tab was loaded last */
  constructor({ budget, asked }: Values = {}) {
    if (typeof budget === 'string' && budget in budgets) this.budget.value = budget as BudgetName;
    if (Array.isArray(asked)) this.asked.value = asked.map(String);
  }

  get isAtWork(): boolean {
    return this.task.value !== undefined && isAtWork(this.task.value);
  }

  /** What is being done for a claim that was asked for by itself; undefined where nothing is, or all are tested. */
  doingFor(letter: string): string | undefined {
    const task = this.task.value;
    if (!this.isAtWork || !this.asked.value?.includes(letter)) return undefined;
    if (task?.state === 'stopping') return 'Stopping …';
    const runs = task?.lines.filter((line) => line.includes('training ')).length ?? 0;
    const [, run = ''] = /training (.*)/.exec(task?.lines.at(-1) ?? '') ?? [];
    return runs === 0 ? 'Testing …' : `Testing: training ${run.replaceAll('-', ' ')}, run ${runs}`;
  }

  async look(signal?: AbortSignal): Promise<void> {
    const { claims, recorded, task } = await get<{
      claims: readonly ToldClaim[];
      recorded?: Recorded;
      task?: Task;
    }>(`/unmask/claims?budget=${this.budget.value}`, signal);
    this.list.value = claims;
    this.recorded.value = recorded;
    this.task.value = task;
  }

  async choose(budget: BudgetName): Promise<void> {
    this.budget.value = budget;
    await this.look();
  }

  /** Has claims tested, all where none is named; what was found before is not measured again. */
  async test(letters?: readonly string[]): Promise<void> {
    this.asked.value = letters;
    await post('/unmask/claims', { budget: this.budget.value, ...(letters && { claims: letters }) });
    await this.look();
  }
}
