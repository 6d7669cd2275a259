// 100,000 requests that nobody sends on purpose: `npm run fuzz`. Each is answered with 200, a 4xx or 503, and the server lives.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { routes } from '../src/server/http/routes.ts';
import { uniforms } from '../src/base/random.ts';
import { modelThatKnows } from './fake-model.ts';
import type { StudioOptions } from '../src/server/studio/studio.ts';
import { asker, fakeStudio, startFakeServer, studioToken } from './fake-server.ts';
import { temporaryFolder } from './tiny-model.ts';

/** A source of choices that a seed repeats. */
class Chance {
  readonly #uniform: (i: number) => number;
  #next = 0;

  constructor(seed: number) {
    this.#uniform = uniforms(seed, 'synthetic');
  }

  below(n: number): number {
    return Math.floor(this.#uniform(this.#next++) * n);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

const texts = [
  '',
  'a',
  'Once upon',
  '<|mask|>',
  '<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>',
  '\0',
  '\ud800',
  'é▒🐕',
  '..',
  '__proto__',
  'x'.repeat(300),
];
const numbers = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  7,
  16,
  63,
  64,
  65,
  0.5,
  1e9,
  -1e9,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  1e-308,
];
const names = [
  'low-confidence',
  'threshold',
  'random',
  'linear',
  'even',
  'json',
  'json_object',
  'json_schema',
  'high',
  'instant',
  'user',
  'system',
  'auto',
];

function value(chance: Chance, depth = 0): unknown {
  switch (chance.below(depth > 3 ? 6 : 9)) {
    case 0:
      return null;
    case 1:
      return chance.of([true, false]);
    case 2:
      return chance.of(numbers);
    case 3:
      return chance.of(names);
    case 4:
    case 5:
      return chance.of(texts);
    case 6:
      return Array.from({ length: chance.below(4) }, () => value(chance, depth + 1));
    case 7:
      return { role: 'user', content: chance.of(texts) };
    default:
      return Object.fromEntries(
        Array.from({ length: chance.below(4) }, () => [
          chance.of([...texts, 'type', 'schema', 'properties']),
          value(chance, depth + 1),
        ]),
      );
  }
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A value that a schema takes, or nearly. */
function valueOf(schema: JsonSchema, chance: Chance, defs = schema.$defs ?? {}, depth = 0): unknown {
  const { anyOf, oneOf, $ref, items, properties = {}, required = [] } = schema;
  if (depth > 6 || (schema as unknown) === false) return null;
  const inner = (other: JsonSchema): unknown => valueOf(other, chance, defs, depth + 1);
  if ($ref !== undefined) return inner(defs[$ref.replace('#/$defs/', '')] ?? {});
  if ('const' in schema) return schema.const;
  if (schema.enum) return chance.of(schema.enum);
  if (anyOf ?? oneOf) return inner(chance.of((anyOf ?? oneOf)!));
  switch (schema.type) {
    case 'string':
      return chance.of(texts);
    case 'boolean':
      return chance.of([true, false]);
    case 'integer':
    case 'number': {
      const { minimum = 0, maximum = minimum + 8 } = schema;
      return chance.of([
        minimum,
        Math.min(maximum, minimum + 1 + chance.below(4)),
        maximum,
        chance.of(numbers),
      ]);
    }
    case 'array':
      return Array.from({ length: 1 + chance.below(2) }, () => inner(items ?? {}));
    case 'object': {
      const wanted = Object.entries(properties).filter(
        ([key]) => required.includes(key) || chance.below(40) === 0,
      );
      return Object.fromEntries(wanted.map(([key, property]) => [key, inner(property)]));
    }
    default:
      return value(chance, depth);
  }
}

/** A body that the route takes, or nearly: what its schema says, with what makes sense here, and some nonsense. */
function bodyFor(schema: JsonSchema, chance: Chance): Record<string, unknown> {
  const fields = Object.keys(schema.properties ?? {});
  const sensible: Record<string, unknown> = {
    prompt: chance.of(texts),
    input: chance.of(texts),
    messages: [{ role: 'user', content: chance.of(texts) }],
    parts: [chance.of(texts), { length: 1 + chance.below(3) }, chance.of(texts)],
    max_tokens: 1 + chance.below(4),
    run: chance.of(['a', 'b-1', ...texts]),
    data: [chance.of(texts)],
    model: chance.of(['story', 'story', 'story', ...texts]),
    weights: 'int8',
    repository: chance.of(['a/b', ...texts]),
    task: String(chance.below(9)),
    from: chance.of(['story', ...texts]),
  };
  const known = Object.entries(sensible).filter(([key]) => fields.includes(key) && chance.below(8) > 0);
  const body = { ...(valueOf(schema, chance) as Record<string, unknown>), ...Object.fromEntries(known) };
  for (let i = Math.max(0, chance.below(4) - 1); i > 0; i--) body[chance.of(fields)] = value(chance);
  return body;
}

/** With programs that are over as soon as they have begun: what is asked is what matters, not what they do. */
const brief = ({ start, ...studio }: StudioOptions): StudioOptions => ({
  ...studio,
  start(args) {
    const program = start(args);
    program.kill('SIGINT');
    return program;
  },
});

/** JSON with some characters changed. */
function spoiled(text: string, chance: Chance): string {
  let result = text;
  for (let i = chance.below(4); i >= 0; i--) {
    const at = chance.below(result.length + 1);
    const piece = chance.of([
      '',
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      '1e400',
      '-',
      '\u0000',
      'null',
      '"__proto__":1,',
    ]);
    result = result.slice(0, at) + piece + result.slice(at + chance.below(3));
  }
  return result;
}

/**
 * Sends so many requests, some at a time.
 *
 * @returns  how many were answered with each status
 */
export async function fuzz(
  t: Pick<TestContext, 'after'>,
  count: number,
  seed: number,
): Promise<Map<number, number>> {
  const root = await temporaryFolder(t as TestContext);
  const server = await startFakeServer(
    t as TestContext,
    { story: () => modelThatKnows('Once upon a time there was a dog.', () => {}, { maxLength: 24 }) },
    { studio: brief(fakeStudio(root)) },
  );
  const ask = asker(server);
  const headers = { authorization: `Bearer ${studioToken}` };
  const chance = new Chance(seed);
  const bodies = routes.flatMap((route) =>
    route.method === 'POST'
      ? [
          {
            path: route.path,
            schema: z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
          },
        ]
      : [],
  );
  const statuses = new Map<number, number>();
  const one = async (): Promise<void> => {
    const { path, schema } = chance.of(bodies);
    const json = JSON.stringify(bodyFor(schema, chance));
    const body = chance.below(5) === 0 ? spoiled(json, chance) : json;
    const target =
      chance.below(20) === 0 ? `${path}${chance.of(['/', '%2e%2e', '?a=%', '/../x', '\\', ';'])}` : path;
    const gone = chance.below(10) === 0 ? AbortSignal.timeout(chance.below(5)) : undefined;
    const response = await ask(target, { body, headers, signal: gone }).catch((error: unknown) => {
      if (gone?.aborted) return undefined;
      throw error;
    });
    if (!response) return;
    const { status } = response;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const isFine = status === 200 || (status >= 400 && status < 500) || status === 503;
    assert.ok(isFine, `seed ${seed}: ${status} for ${target} ${body}`);
    const text = await response.text().catch((error: unknown) => {
      if (gone?.aborted) return '';
      throw error;
    });
    if (status >= 400) assert.ok(JSON.parse(text).error, `${status} ${text}`);
  };
  for (let sent = 0; sent < count; sent += 8)
    await Promise.all(Array.from({ length: Math.min(8, count - sent) }, one));
  while (server.service.queue.running > 0) await new Promise((resume) => setTimeout(resume, 1));
  return statuses;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  });
  const ends: (() => unknown)[] = [];
  const after = ((end: () => unknown) => ends.push(end)) as unknown as TestContext['after'];
  const begin = performance.now();
  const statuses = await fuzz({ after }, Number(values.count), Number(values.seed));
  for (const end of ends) await end();
  process.stdout.write(
    `${JSON.stringify({ requests: Number(values.count), seconds: Math.round((performance.now() - begin) / 1000), statuses: Object.fromEntries(statuses) })}\n`,
  );
}
