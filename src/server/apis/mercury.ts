import { z } from 'zod';
import { InvalidOptionError } from '../../base/errors.ts';
import type { Answer, ApiRequest } from './answer.ts';
import { applyUpdate } from './apply-update.ts';
import { chatAnswer } from './chat-answer.ts';
import { type ChatBody, chatSchema, saidIn } from './chat.ts';
import { chatJob } from './chat-request.ts';
import { HttpError } from '../http/http-error.ts';
import { jobOf, samplingFields } from './common-fields.ts';
import type { Result } from '../worker/protocol.ts';
import { nothingWritten } from '../worker/reading-jobs.ts';

/** Mercury's /v1/edit/completions and /v1/apply/completions: a chat of one message, in which tags say what is what. */
export const mercuryEditSchema = chatSchema
  .omit({
    tools: true,
    functions: true,
    tool_choice: true,
    parallel_tool_calls: true,
    response_format: true,
    json_schema: true,
    grammar: true,
    guided_json: true,
    guided_regex: true,
    guided_choice: true,
    guided_grammar: true,
    choices: true,
    draft: true,
    diffusing: true,
    diffusion: true,
    candidates: true,
  })
  .extend({ messages: z.tuple([chatSchema.shape.messages.element]) });

/** The body of Mercury's /v1/edit/completions, checked. */
export type EditBody = z.output<typeof mercuryEditSchema>;

/**
 * The next edit: the region around the cursor as it should be. A model with a chat template is given the message as it is,
 * for it was trained on such ones. Of any other it is asked what it would write at the cursor, between the text of the file
 * before it and behind it, and that is put into the region.
 *
 * @throws HttpError 400  for a message without a region
 */
export function mercuryEdit(body: EditBody, asked: ApiRequest): Answer {
  const [message] = saidIn(body.messages as ChatBody['messages']);
  if (asked.facts.hasChatTemplate) return chatted(body, asked);
  const { before, left, right, after } = editedFile(message.text);
  const task = { kind: 'fill', before: before + left, after: right + after } as const;
  const job = jobOf(body, task, asked, { logprobs: body.logprobs });
  return chatAnswer(body, asked, { job, format: (text) => fenced(left + text + right) });
}

/**
 * An update laid over a file. A model with a chat template is given the message as it is. For any other no model is needed:
 * the lines that the update has in common with the file say where it goes.
 *
 * @throws HttpError 400       for a message without its parts, and where it can't be told where the update goes
 * @throws InvalidOptionError  for what only a model could do, where none is run
 */
export function applyEdit(body: EditBody, asked: ApiRequest): Answer {
  if (asked.facts.hasChatTemplate) return chatted(body, asked);
  checkNeedsNoModel(body);
  const [message] = saidIn(body.messages as ChatBody['messages']);
  const original = tagged(message.text, 'original_code');
  const update = tagged(message.text, 'update_snippet');
  const applied = applyUpdate(original, update);
  if (applied.kind === 'refused')
    throw new HttpError(400, `messages: ${applied.problem}`, { param: 'messages' });
  const answer = chatAnswer(body, asked, {});
  return { ...answer, ...ready({ text: applied.text, stream: body.stream === true }, answer) };
}

const chatted = (body: EditBody, asked: ApiRequest): Answer => {
  const messages = saidIn(body.messages as ChatBody['messages']);
  const { job } = chatJob({ messages, body, logprobs: body.logprobs }, asked);
  return chatAnswer(body, asked, { job });
};

/** What has no meaning where no model is run, and is sent all the same. */
const sentByHabit = new Set(['temperature', 'topP', 'seed']);

/** @throws InvalidOptionError  for what only a model could do */
function checkNeedsNoModel(body: EditBody): void {
  const asked = { n: body.n, logprobs: body.logprobs };
  const sampling = Object.keys(samplingFields).map((key) => [key, body[key as keyof EditBody]] as const);
  for (const [option, value] of [...Object.entries(asked), ...sampling]) {
    const isDefault = value === undefined || value === false || (option === 'n' && value === 1);
    if (isDefault || sentByHabit.has(option)) continue;
    const why =
      'must be absent: this model has no chat template, and updates are laid over the code without a model';
    throw new InvalidOptionError(option, why, value);
  }
}

/** An answer that is known before anything is written. */
function ready({ text, stream }: { text: string; stream: boolean }, answer: Answer): Partial<Answer> {
  const result: Result = { ...nothingWritten, text };
  return {
    choices: 1,
    whole: () => answer.whole([result]),
    ...(stream && {
      opening: () => [
        ...answer.opening!(0),
        ...answer.progress!(0, { text, tokens: [] }),
        ...answer.ended!(0, result),
      ],
      closing: () => answer.closing!([result]),
    }),
  };
}

interface EditedFile {
  /** In front of the region, in it up to the cursor, in it from there, and behind it. */
  readonly before: string;
  readonly left: string;
  readonly right: string;
  readonly after: string;
}

/** A region stands between its tags; where these are lines of their own, so are its lines, and the tags' are none of the file. */
function editedFile(message: string): EditedFile {
  const open = '<|current_file_content|>';
  const [region, regionEnd, cursor] = ['<|code_to_edit|>', '<|/code_to_edit|>', '<|cursor|>'];
  const start = message.indexOf(open);
  const end = message.indexOf('<|/current_file_content|>', start);
  if (start < 0) throw missing('current_file_content');
  const file = message
    .slice(start + open.length, end < 0 ? undefined : end)
    .replace(/^\n?current_file_path:[^\n]*\n/, '');
  const from = file.indexOf(region);
  const to = file.indexOf(regionEnd, from);
  if (from < 0 || to < 0) throw missing('code_to_edit');
  const inside = file
    .slice(from + region.length, to)
    .replace(/^\n/, '')
    .replace(/\n$/, '');
  const at = inside.indexOf(cursor);
  const plain = inside.replace(cursor, '');
  const place = at < 0 ? plain.length : at;
  return {
    before: file.slice(0, from),
    left: plain.slice(0, place),
    right: plain.slice(place),
    after: file.slice(to + regionEnd.length),
  };
}

function tagged(message: string, tag: string): string {
  const open = `<|${tag}|>`;
  const start = message.indexOf(open);
  const end = message.indexOf(`<|/${tag}|>`, start);
  if (start < 0 || end < 0) throw missing(tag);
  return message.slice(start + open.length, end).replace(/^\n|\n$/g, '');
}

const missing = (tag: string): HttpError =>
  new HttpError(400, `messages: must hold <|${tag}|> … <|/${tag}|>`, { param: 'messages' });

/** Code as editors look for it: they take off these two lines, whatever stands between. */
const fenced = (code: string): string => `\`\`\`\n${code}\n\`\`\``;
