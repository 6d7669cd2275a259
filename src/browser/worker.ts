// The thread of a model in a page: load() starts it, see load.ts. The engine's own threads run this file, too, and do nothing.
import { serveModel, type WorkerPort } from './serve-model.ts';

const { name = '' } = globalThis as { readonly name?: string };
if (!name.startsWith('em-pthread')) serveModel(globalThis as unknown as WorkerPort);
