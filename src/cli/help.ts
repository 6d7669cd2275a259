import type { Command, HelpDefaults } from './command.ts';
import { type Flag, flagsOf, flagText } from './flags.ts';
import { helpWidth, wrappedTable, wrapped } from './terminal/wrap.ts';

/**
 * The help of one command, made from its schema and broken at the terminal's width.
 *
 * @param defaults  what holds in place of the schema's defaults
 */
export function commandHelp(
  name: string,
  command: Command,
  columns = 80,
  defaults: HelpDefaults | undefined = undefined,
): string {
  const width = helpWidth(columns);
  const flags = flagsOf(command.options);
  const positionals = (command.positionals ?? []).map((key) => {
    const flag = flags.find((each) => each.key === key)!;
    const word = `${flag.name}${flag.repeatable ? ' …' : ''}`;
    return flag.required ? `<${word}>` : `[${word}]`;
  });
  const rows = [
    ...flags.map((flag): [string, string] => [usageOf(flag), describe(flag, defaults?.values[flag.key])]),
    ['--help', 'print this'] as [string, string],
  ];
  const examples = (command.examples ?? []).map(([line, purpose]) => `  # ${purpose}\n  ${line}\n`);
  return [
    `${['unmask', name, ...positionals, '[options]'].join(' ')}\n\n${wrapped(`${command.summary}.`, width).join('\n')}\n`,
    `Options${defaults ? `, with the defaults of ${defaults.of}` : ''}\n${wrappedTable(rows, width)}`,
    ...(examples.length > 0 ? [`Examples\n${examples.join('')}`] : []),
  ].join('\n');
}

/** The list of commands. */
export function programHelp(
  summaries: readonly (readonly [name: string, summary: string])[],
  columns = 80,
): string {
  return [
    'unmask <command> [options]\n\nText diffusion in TypeScript: trains, samples and scores models that write by unmasking.\n',
    `Commands\n${wrappedTable(summaries, helpWidth(columns))}`,
    'unmask <command> --help explains a command.\n',
  ].join('\n');
}

function usageOf(flag: Flag): string {
  if (flag.kind === 'boolean') return flagText(flag);
  return `${flagText(flag)} <${flag.choices ? 'name' : flag.placeholder}>`;
}

/**
 * What it is for, then (choices), then [the default]; a description may end in a default of its own in brackets.
 *
 * @param ofModel  what holds in place of both
 */
function describe(flag: Flag, ofModel: unknown): string {
  const [, purpose, ownDefault] = /^(.*?)( \[[^\]]*\])?$/s.exec(flag.description)!;
  const notes = [
    flag.choices?.join(', '),
    flag.required && 'needed',
    flag.repeatable && 'may be repeated',
  ].filter((note) => typeof note === 'string');
  const schemas = flag.kind === 'boolean' ? undefined : valueText(flag.defaultValue);
  const known = valueText(ofModel) ?? schemas;
  return [
    flag.kind === 'boolean' && flag.defaultValue === true ? `switches off: ${purpose}` : purpose,
    notes.length > 0 ? ` (${notes.join('; ')})` : '',
    known === undefined ? (ownDefault ?? '') : ` [${known}]`,
  ].join('');
}

/** A value as one types it; undefined for none, also for a list of none. */
function valueText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(valueText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
