/** A way to write: options that go together for a purpose. */
export interface WritingPreset {
  readonly name: string;
  /** What it sets beside the model's own defaults, as options of sampling. */
  readonly options: {
    readonly temperature?: number;
    readonly strategy?: 'low-confidence' | 'threshold' | 'random';
    readonly confidenceOf?: 'drawn' | 'likeliest';
    readonly tau?: number;
    readonly blockLength?: number;
    readonly frequencyPenalty?: number;
    readonly revise?: number;
    readonly reviseThreshold?: number;
  };
}

/** Tokens of a block in which any order can be seen, and which has an ending: two lines, as in `unmask demo`. */
const wideBlock = 32;

/** A threshold that is fast, and safe for most models: that of Fast-dLLM (arXiv:2505.22618). */
const usualTau = 0.9;

/**
 * The surest first, wherever they are, and then read again: of what was tried with models/stories (experiments/LOG.md) the order
 * in which its texts are as likely, varied and free of loops as real ones.
 */
export const revisedAnyOrder = {
  blockLength: wideBlock,
  strategy: 'low-confidence',
  confidenceOf: 'likeliest',
  temperature: 0.9,
  frequencyPenalty: 0.8,
  revise: 2,
  reviseThreshold: 0.03,
} as const satisfies WritingPreset['options'];

/**
 * The ways to write, from a model's own defaults; `npm run presets` measures them. Balanced is what the model does by itself;
 * careful is left out where that is as careful already, any order where that is what it writes in.
 *
 * @param tau      how sure a token has to be that the fast way keeps
 * @param revises  whether texts of any order are revised: of a model that writes in blocks and reads whole texts
 */
export function usualPresets(
  {
    temperature = 0,
    strategy = 'low-confidence',
    blockLength = wideBlock,
    length = wideBlock,
  }: {
    readonly temperature?: number;
    readonly strategy?: unknown;
    readonly blockLength?: number;
    readonly length?: number;
  },
  { tau = usualTau, revises = false }: { readonly tau?: number; readonly revises?: boolean } = {},
): readonly WritingPreset[] {
  const surest = strategy === 'low-confidence' ? {} : ({ strategy: 'low-confidence' } as const);
  const careful: WritingPreset['options'] = {
    ...(temperature > 0 && { temperature: hundredths(0.6 * temperature) }),
    ...(strategy === 'left-to-right' ? {} : surest),
  };
  const wide = Math.min(wideBlock, length);
  const isWide = blockLength >= wide;
  return [
    ...(Object.keys(careful).length === 0 ? [] : [{ name: 'careful', options: careful }]),
    { name: 'balanced', options: {} },
    ...(isWide && strategy !== 'left-to-right'
      ? []
      : [
          {
            name: 'any order',
            options: revises ? revisedAnyOrder : { ...(!isWide && { blockLength: wide }), ...surest },
          },
        ]),
    { name: 'fast', options: { strategy: 'threshold', tau } },
    {
      name: 'explore',
      options: { temperature: Math.max(1, hundredths(1.2 * temperature)), strategy: 'random' },
    },
  ];
}

const hundredths = (value: number): number => Math.round(100 * value) / 100;
