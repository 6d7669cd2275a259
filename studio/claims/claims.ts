import { signal } from '@preact/signals';
import { get, post } from '../client.ts';
import { isAtWork, type Task } from '../parts/tasks.ts';

/** Budgets by name, and about what they take on two cores of 2020: an estimate. */
export const budgets = {
  quick: 'an estimated quarter of an hour',
  hour: 'an estimated hour or two',
  night: 'an estimated night',
} as const;
export type BudgetName = keyof typeof budgets;

/** A claim, and what was found of it. */
export interface ToldClaim {
  readonly letter: string;
  readonly title: string;
  readonly sentence: string;
  readonly how: string;
  readonly rule: string;
  readonly wouldChange: string;
  readonly verdict?: 'shown' | 'refuted' | 'not at this scale';
  /** The numbers that decide. */
  readonly number?: string;
  readonly why?: string;
  readonly rows?: readonly Readonly<Record<string, string | number | undefined>>[];
  /** An SVG. */
  readonly chart?: string;
  readonly command?: string;
}

/** What is said, and what was found with a budget. */
export class Claims {
  readonly budget = signal<BudgetName>('quick');
  /** Undefined until they were asked for. */
  readonly list = signal<readonly ToldClaim[] | undefined>(undefined);
  readonly task = signal<Task | undefined>(undefined);

  get isAtWork(): boolean {
    return this.task.value !== undefined && isAtWork(this.task.value);
  }

  async look(signal?: AbortSignal): Promise<void> {
    const { claims, task } = await get<{ claims: readonly ToldClaim[]; task?: Task }>(
      `/unmask/claims?budget=${this.budget.value}`,
      signal,
    );
    this.list.value = claims;
    this.task.value = task;
  }

  async choose(budget: BudgetName): Promise<void> {
    this.budget.value = budget;
    await this.look();
  }

  /** Has claims tested, all where none is named; what was found before is not measured again. */
  async test(letters?: readonly string[]): Promise<void> {
    await post('/unmask/claims', { budget: this.budget.value, ...(letters && { claims: letters }) });
    await this.look();
  }
}
