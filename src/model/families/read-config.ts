import * as z from 'zod';
import { FileError, show, UnsupportedError } from '../../base/errors.ts';

// What the families share in reading a config.json.

/** A config.json, unchecked. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** How many there are of something, one at least. */
export const count = z.number().int().min(1);
/** A scale, a frequency. */
export const positive = z.number().positive();
/** A token's id, where there is one. */
export const id = z.number().int().min(0).nullish();

/** Layers, or experts of one: each makes a part of the graph. */
export const partCount = count.max(10_000);

/** The tokens that end a text: one, or several, of which the first pads. */
export const endTokens = z
  .union([id, z.array(z.number().int().min(0))])
  .transform((value): readonly number[] => [value ?? []].flat());

/** A token that nothing computed depends on; older files have -1 for none. */
export const padToken = z
  .number()
  .int()
  .nullish()
  .transform((value) => (value != null && value >= 0 ? value : undefined));

/**
 * Options that a config.json may have, each with the values at which it asks for nothing that the transformer lacks.
 * An absent option and null always do.
 */
export type Fixed = Readonly<Record<string, readonly unknown[]>>;

/** @throws UnsupportedError  for options that have other values, by name */
export function requireFixed(json: ConfigJson, fixed: Fixed, path: string): void {
  const others = Object.entries(fixed).filter(([option, values]) => {
    const value = json[option];
    return value !== undefined && value !== null && !values.includes(value);
  });
  if (others.length === 0) return;
  const said = others.map(([option]) => `${option} is ${show(json[option])}`).join(', ');
  throw new UnsupportedError(`${path}: ${said}, which is not supported`);
}

/** @throws FileError  for the first key that is not as the schema says */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown, path: string, architecture: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { path: at, message } = result.error.issues[0];
  throw new FileError(path, `a config of ${architecture}`, `at ${at.join('.')}: ${message}`);
}

/** @throws FileError  when `b` is not a multiple of `a` */
export function requireMultiple(b: number, a: number, path: string, expected: string): void {
  if (b % a !== 0) throw new FileError(path, expected, `${b} and ${a}`);
}

/**
 * θ of a family whose own code reads rope_theta alone, in the key where transformers 5 writes it too.
 *
 * @throws FileError         where neither has it and there is no default
 * @throws UnsupportedError  for two that differ, or a kind of scaling, which that code lacks
 */
export function plainTheta(json: ConfigJson, path: string, architecture: string, usual?: number): number {
  const rope = parseConfig(
    z.record(z.string(), z.unknown()).nullish(),
    json.rope_parameters,
    path,
    architecture,
  );
  requireFixed(rope ?? {}, { rope_type: ['default'], type: ['default'] }, path);
  const [theta, later] = [json.rope_theta, rope?.rope_theta].map((value) =>
    parseConfig(positive.nullish(), value, path, architecture),
  );
  if (theta != null && later != null && theta !== later)
    throw new UnsupportedError(
      `${path}: rope_theta is ${theta} and in rope_parameters ${later}; one of them is wrong`,
    );
  const found = theta ?? later ?? usual;
  if (found === undefined) throw new FileError(path, `a config of ${architecture}`, 'no rope_theta');
  return found;
}
