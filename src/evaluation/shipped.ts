import { join } from 'node:path';
import { packageRoot } from '../base/package-root.ts';

/** The folder of the tasks that ship: their definitions, and the data that they ask about. */
export const shippedTasks: string = join(packageRoot(), 'tasks');

/** Whole stories that no model that ships has learned from. */
export const heldOutStories: string = join(shippedTasks, 'held-out-stories.jsonl.gz');
