import * as z from 'zod';
import {
  type AnyStrategyOptions,
  type StrategyName,
  type StrategyOption,
  strategiesUsing,
  strategyOptions,
  strategyTable,
} from './strategy-table.ts';

/** More strategies than these aren't listed. */
const maxListed = 4;

/**
 * The options of all strategies as flags and forms have them: in one list, each optional, and described for the strategies
 * that have it, with their defaults. What has no use for the strategy that is taken is refused when options are checked.
 */
export const strategyFields = Object.fromEntries(
  strategyOptions.map((option) => [option, fieldOf(option)]),
) as { [Option in StrategyOption]: z.ZodOptional<z.ZodType<NonNullable<AnyStrategyOptions[Option]>>> };

/** How one strategy has an option. */
interface Use {
  readonly strategy: StrategyName;
  readonly purpose: string;
  readonly defaultValue: unknown;
}

function fieldOf(option: StrategyOption): z.ZodOptional<z.ZodType> {
  const uses = strategiesUsing(option).map((strategy): Use & { readonly type: z.ZodType } => {
    const shape: Readonly<Record<string, z.ZodType>> = strategyTable[strategy].options.shape;
    const field = shape[option];
    const [type, defaultValue] =
      field instanceof z.ZodDefault
        ? [field.unwrap() as z.ZodType, field.def.defaultValue as unknown]
        : [(field as z.ZodOptional<z.ZodType>).unwrap(), undefined];
    return { strategy, purpose: field.description ?? type.description ?? '', defaultValue, type };
  });
  return uses[0].type.optional().describe(descriptionOf(uses));
}

/** What an option is for, by strategies that have it for the same. */
function descriptionOf(uses: readonly Use[]): string {
  const purposes = [...new Set(uses.map(({ purpose }) => purpose))];
  return purposes
    .map((purpose) => {
      const same = uses.filter((use) => use.purpose === purpose);
      const names = same.map(({ strategy }) => strategy);
      const defaults = defaultsOf(same);
      const what = defaults === undefined ? purpose : `${purpose} [${defaults}]`;
      if (names.length > maxListed) return what;
      return `for the ${names.length === 1 ? 'strategy' : 'strategies'} ${names.join(', ')}: ${what}`;
    })
    .join('; ');
}

function defaultsOf(uses: readonly Use[]): string | undefined {
  const values = [...new Set(uses.map(({ defaultValue }) => defaultValue))];
  if (values.length > 1) return uses.map((use) => `${use.strategy} ${String(use.defaultValue)}`).join(', ');
  return values[0] === undefined ? undefined : String(values[0]);
}
