// The thread that looks at models, see inspector.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { inspectModel } from '../../model-files/inspect-model.ts';
import type { Look, LookReport } from './inspector.ts';

async function lookAt(path: string): Promise<Look> {
  try {
    return { inspection: await inspectModel(path) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const port = parentPort;
for (const path of workerData as readonly string[])
  port?.postMessage({ path, look: await lookAt(path) } satisfies LookReport);
