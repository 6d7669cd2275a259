import { z } from 'zod';
import { type Service, requireStudio } from '../http/service.ts';

/** What runs beside the server, and what did. */
export const listTasks = (service: Service): Response =>
  Response.json({ tasks: requireStudio(service).tasks.reports });

/** The task that is to be stopped. */
export const stopBody = z.strictObject({ task: z.string().max(20).describe('the id of the task') });

/** Ends a task as Ctrl-C does. */
export const stopTask = (service: Service, { task }: z.output<typeof stopBody>): Response =>
  Response.json({ task: requireStudio(service).tasks.stop(task) });
