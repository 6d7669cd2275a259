import { isObject } from '../../src/base/is-object.ts';
import { type Ending, type RecordedEvent, Recording } from './recording.ts';

/** What was asked for. */
export interface Asked {
  readonly prompt: string;
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A process as it is kept in a file, with what it is of. */
export interface RecordingFile {
  readonly asked: Asked;
  readonly ending?: Ending;
  readonly events: readonly RecordedEvent[];
}

/** What a process came to, without its way: a recording of its last frame. */
export function lastFrameOf({ events, ...others }: RecordingFile): RecordingFile {
  const recording = new Recording();
  for (const { frame, ms } of events) recording.add(frame, ms);
  const cells = recording.canvasAt(recording.size - 1);
  const changes = cells.flatMap(({ token, text, confidence }, position) =>
    token === null ? [] : [{ position, token, text, confidence }],
  );
  const { frame, ms } = events[events.length - 1];
  return { ...others, events: [{ ms, frame: { ...frame, reset: true, changes, candidates: [] } }] };
}

const format = 'unmask recording 1';

export const writeRecording = (recording: RecordingFile): string =>
  `${JSON.stringify({ format, ...recording })}\n`;

/**
 * A recording from a file, which may have been written by anybody.
 *
 * @throws Error  for anything that could not be shown, in one sentence
 */
export function readRecording(text: string): RecordingFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error('This is no recording: the file is not JSON.');
  }
  if (!isObject(file) || file.format !== format)
    throw new Error(`This is no recording: the file does not begin with "format": "${format}".`);
  return recordingIn(file);
}

/** @throws Error  for anything that could not be shown, in one sentence */
export function recordingIn(file: unknown): RecordingFile {
  must(isObject(file), 'it');
  const { asked, ending, events } = file;
  must(isObject(asked) && isText(asked.prompt) && isText(asked.model) && isObject(asked.options), 'asked');
  if (ending !== undefined) {
    must(isObject(ending) && isText(ending.finish), 'ending');
    for (const name of ['seed', 'tokens', 'ms']) must(isNumber(ending[name]), `ending.${name}`);
    for (const name of ['forwards', 'tokensPerForward'])
      must(ending[name] === undefined || isNumber(ending[name]), `ending.${name}`);
  }
  must(Array.isArray(events) && events.length > 0, 'events');
  let length = 0;
  for (const [index, event] of events.entries()) {
    must(isObject(event) && isNumber(event.ms), `events[${index}]`);
    length = checkFrame(event.frame, index, length);
  }
  return { asked, ending, events } as unknown as RecordingFile;
}

/** Positions that a canvas may have at most: a file may say anything. */
const longest = 2 ** 17;

/** @returns the length of the canvas from here on */
function checkFrame(frame: unknown, index: number, before: number): number {
  const where = `events[${index}].frame`;
  must(isObject(frame) && typeof frame.reset === 'boolean', where);
  const { length, changes, candidates = [] } = frame;
  for (const name of ['revision', 'step', 'block', 't']) must(isNumber(frame[name]), `${where}.${name}`);
  must(
    isCount(length) && length <= longest && (frame.reset || index === 0 || length === before),
    `${where}.length`,
  );
  must(isCount(frame.committed) && frame.committed <= length, `${where}.committed`);
  const isPosition = (position: unknown): boolean => isCount(position) && position < length;
  must(
    Array.isArray(changes) &&
      changes.every(
        (change) =>
          isObject(change) &&
          isPosition(change.position) &&
          (change.token === null || isNumber(change.token)) &&
          isText(change.text) &&
          (change.confidence === null || isNumber(change.confidence)),
      ),
    `${where}.changes`,
  );
  must(
    Array.isArray(candidates) &&
      candidates.every(
        (one) =>
          isObject(one) &&
          isPosition(one.position) &&
          Array.isArray(one.tokens) &&
          one.tokens.every(
            (token) =>
              isObject(token) && isNumber(token.token) && isText(token.text) && isNumber(token.probability),
          ),
      ),
    `${where}.candidates`,
  );
  return length;
}

function must(isRight: boolean, what: string): asserts isRight {
  if (!isRight) throw new Error(`This recording cannot be shown: ${what} is not as it must be.`);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
