import { z } from 'zod';
import type { Service } from '../http/service.ts';
import { studioOf } from './studio.ts';

/** What runs beside the server, and what did. */
export const listTasks = (service: Service): Response =>
  Response.json({ tasks: studioOf(service).tasks.reports });

export const stopBody = z.strictObject({ task: z.string().max(20).describe('the id of the task') });

export const stopTask = (service: Service, { task }: z.output<typeof stopBody>): Response =>
  Response.json({ task: studioOf(service).tasks.stop(task) });
