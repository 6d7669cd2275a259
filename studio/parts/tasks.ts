import { computed, signal } from '@preact/signals';
import { get, post } from '../client.ts';

/** A program that runs beside the server, as /unmask/tasks has it. */
export interface Task {
  readonly id: string;
  readonly kind: 'train' | 'finetune' | 'distill' | 'quantize' | 'pull' | 'judge' | 'score' | 'evaluate';
  /** The run or model that it is about. */
  readonly subject: string;
  /** When: the ids of another server's tasks are the same. */
  readonly began: string;
  readonly state: 'running' | 'stopping' | 'done' | 'stopped' | 'failed';
  readonly lines: readonly string[];
  /** What its command prints with --json. */
  readonly result?: unknown;
}

export const isAtWork = ({ state }: Pick<Task, 'state'>): boolean =>
  state === 'running' || state === 'stopping';

/** The latest first; empty until they were asked for. */
export const tasks = signal<readonly Task[]>([]);
export const isAnyAtWork = computed(() => tasks.value.some(isAtWork));

export async function refreshTasks(signal?: AbortSignal): Promise<void> {
  tasks.value = (await get<{ tasks: readonly Task[] }>('/unmask/tasks', signal)).tasks;
}

/** Has a task save what it has and end. */
export async function stopTask(task: string): Promise<void> {
  await post('/unmask/stop', { task });
  await refreshTasks();
}

const pauseMs = 400;
let nextLook: Promise<void> | undefined;

/** A look at the tasks after a pause, for all who wait for one. */
const lookSoon = (): Promise<void> =>
  (nextLook ??= new Promise((resume) => setTimeout(resume, pauseMs))
    .then(() => refreshTasks())
    .finally(() => (nextLook = undefined)));

/** A task once it is over. @throws Error  what it said, where it failed */
export async function endOf({ id, kind }: Pick<Task, 'id' | 'kind'>): Promise<Task> {
  for (;;) {
    await lookSoon();
    const task = tasks.value.find((one) => one.id === id);
    if (!task) throw new Error(`The server no longer knows of this: ${kind}. Is it another one by now?`);
    if (task.state === 'done') return task;
    if (!isAtWork(task)) throw new Error(task.lines.at(-1) ?? 'It ended without a word.');
  }
}
