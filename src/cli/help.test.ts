import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Command } from './command.ts';
import { commandHelp } from './help.ts';

const command: Command = {
  summary: 'Writes a text',
  positionals: ['prompt'],
  options: z.strictObject({
    prompt: z.string().optional().describe('the beginning of the text'),
    steps: z.int().optional().describe('reverse steps [one a token]'),
    strategy: z.enum(['sure', 'random']).default('sure').describe('which tokens are masked again'),
    model: z.string().meta({ placeholder: 'path' }).describe('a model directory'),
    json: z.boolean().default(false).describe('prints one line of JSON a frame'),
    color: z.boolean().default(true).describe('colours'),
  }),
  examples: [['unmask generate "Once"', 'continues a text']],
  async run() {},
};

test('help names each flag with its value, choices and default, in aligned columns', () => {
  assert.equal(
    commandHelp('generate', command, 80),
    `unmask generate [prompt] [options]

Writes a text.

Options
  --prompt <value>   the beginning of the text
  --steps <n>        reverse steps [one a token]
  --strategy <name>  which tokens are masked again (sure, random) [sure]
  --model <path>     a model directory (needed)
  --json             prints one line of JSON a frame
  --no-color         switches off: colours
  --help             print this

Examples
  # continues a text
  unmask generate "Once"
`,
  );
});

test('defaults in lists, of a model, and of none are shown as one types them', () => {
  const listed: Command = {
    summary: 'Measures',
    options: z.strictObject({
      block: z.array(z.int()).default([16, 32]).describe('tokens a block'),
      host: z.array(z.string()).default([]).describe('a host'),
      length: z.int().default(128).describe('tokens to write'),
      tau: z.number().optional().describe('keep what is this sure [0.9]'),
      causal: z.boolean().optional().describe('in blocks [as the model was trained]'),
    }),
    async run() {},
  };
  const help = (values: Readonly<Record<string, unknown>>): string =>
    commandHelp('bench', listed, 80, { of: 'models/mine', values });
  assert.match(commandHelp('bench', listed, 80), /Options\n.*block <n>.* \(may be repeated\) \[16, 32\]\n/);
  assert.match(help({}), /a host \(may be repeated\)\n/);
  assert.match(help({}), /Options, with the defaults of models\/mine\n/);
  const own = help({ length: 40, tau: 0.8, causal: true });
  assert.match(own, /tokens to write \[40\]\n/);
  assert.match(own, /keep what is this sure \[0.8\]\n/);
  assert.match(own, /in blocks \[true\]\n/);
});

test('help fits every terminal from 40 columns on', () => {
  for (let columns = 40; columns <= 120; columns++) {
    for (const line of commandHelp('generate', command, columns).split('\n')) {
      assert.ok(line.length <= Math.max(columns, 40), `${columns}: ${line}`);
    }
  }
});
