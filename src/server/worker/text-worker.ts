// A thread of long texts or of constraints, see long-texts.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { compileConstraint, type Constraint } from '../../sampling/constraint/compile-constraint.ts';
import type { AsideReply } from './aside-threads.ts';
import { failureOf } from './jobs.ts';
import type { ConstraintRequest, LongTextOptions, LongTextRequest } from './long-texts.ts';
import { openServed } from './open-served.ts';
import type { Result } from './protocol.ts';
import { countTokens, readTokens, type TokenReader } from './reading-jobs.ts';

const options = workerData as LongTextOptions;
const port = parentPort!;
/** The model that was asked for last: what is asked again is mostly of the same. */
let latest: { readonly path: string; readonly reader: Promise<TokenReader> } | undefined;

async function open(path: string): Promise<TokenReader> {
  const { tokenizer, chatTemplate, network } = await openServed(path, options);
  await network.close(); // nothing of it was opened
  return { tokenizer, chatTemplate };
}

function answer(reader: TokenReader, question: LongTextRequest | ConstraintRequest): Result | Constraint {
  if ('wanted' in question) return compileConstraint(question.wanted, reader.tokenizer);
  return question.isCount ? countTokens(reader, question.task) : readTokens(reader, question.task);
}

/** What is large in a reply, which isn't copied. */
const buffersOf = ({ automaton }: Constraint): ArrayBuffer[] =>
  Object.values(automaton).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : []));

port.on('message', async (question: LongTextRequest | ConstraintRequest) => {
  let reply: AsideReply<Result | Constraint>;
  try {
    const { path } = question;
    if (latest?.path !== path) latest = { path, reader: open(path) };
    reply = { result: answer(await latest.reader, question) };
  } catch (error) {
    reply = { failure: failureOf(error, new AbortController().signal) };
  }
  port.postMessage(reply, 'result' in reply && 'automaton' in reply.result ? buffersOf(reply.result) : []);
});
