// The thread of long texts, see long-texts.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { openModelWithTokenizer } from '../../model-files/open-model.ts';
import { failureOf } from './jobs.ts';
import type { LongTextReply, LongTextRequest, LongTextOptions } from './long-texts.ts';
import { countTokens, readTokens, type TokenReader } from './reading-jobs.ts';

const options = workerData as LongTextOptions;
const port = parentPort!;
/** The model that was asked for last: what is asked again is mostly of the same. */
let latest: { readonly path: string; readonly reader: Promise<TokenReader> } | undefined;

async function open(path: string): Promise<TokenReader> {
  const { tokenizer, chatTemplate, network } = await openModelWithTokenizer(path, options);
  await network.close(); // nothing of it was opened
  return { tokenizer, chatTemplate };
}

port.on('message', async ({ path, task, isCount }: LongTextRequest) => {
  let reply: LongTextReply;
  try {
    if (latest?.path !== path) latest = { path, reader: open(path) };
    const reader = await latest.reader;
    reply = { result: isCount ? countTokens(reader, task) : readTokens(reader, task) };
  } catch (error) {
    reply = { failure: failureOf(error, new AbortController().signal) };
  }
  port.postMessage(reply);
});
