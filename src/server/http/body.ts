import { HttpError } from './http-error.ts';
import type { Limits } from './limits.ts';

/**
 * The JSON object that a request carries. `curl -d` calls it a form, and is believed where no browser can have sent it.
 *
 * @throws HttpError 400, 413 or 415
 */
export async function readBody(request: Request, limits: Limits): Promise<Record<string, unknown>> {
  const type = request.headers.get('content-type') ?? '';
  // a form of another page can send any other type without being asked first; browsers say where it is from
  const isBrowsers = request.headers.has('origin') || request.headers.has('sec-fetch-site');
  const isForm = type === '' || /^application\/x-www-form-urlencoded *(;|$)/i.test(type);
  if (!/^application\/json *(;|$)/i.test(type) && (isBrowsers || !isForm))
    throw new HttpError(415, "must have the header 'Content-Type: application/json'");
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity')
    throw new HttpError(415, 'must not be compressed (Content-Encoding)');
  const text = decoded(await bytesOf(request, limits.bodyBytes));
  const value = requestJson(text, limits);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HttpError(400, 'the body must be a JSON object');
  return value as Record<string, unknown>;
}

async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const tooLarge = (): HttpError => new HttpError(413, `the body must have at most ${most} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (!request.body) return new Uint8Array();
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError(400, 'the body must be UTF-8', { cause });
  }
}

/**
 * The value of a JSON text, of a body or within one, where it may be as deep and have as many values as a body.
 *
 * @param what  it is, for messages
 * @throws HttpError 400
 */
export function requestJson(text: string, limits: Limits, what = 'the body'): unknown {
  checkShape(text, limits, what);
  return parsed(text, what);
}

/** Depth and size are looked at before anything is built: `JSON.parse` takes a million levels, what comes after doesn't. */
function checkShape(text: string, { jsonDepth, jsonNodes }: Limits, what: string): void {
  let [depth, nodes, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
      continue;
    }
    if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (character === ',' || character === '{' || character === '[') nodes++;
    if (depth > jsonDepth) throw new HttpError(400, `${what} must be at most ${jsonDepth} levels deep`);
    if (nodes > jsonNodes) throw new HttpError(400, `${what} must hold at most ${jsonNodes} values`);
  }
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__') throw new HttpError(400, `${what} must not have a key __proto__`);
      return value;
    });
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, `${what} must be JSON`, { cause });
  }
}
