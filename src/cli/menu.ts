import { helpWidth, wrapped, wrappedTable } from './terminal/wrap.ts';

/** The commands by what one wants to do, in the order in which one comes to them. */
export const commandGroups: readonly (readonly [purpose: string, commands: readonly string[]])[] = [
  ['write', ['demo', 'generate', 'chat', 'infill', 'edit']],
  ['measure', ['score', 'judge', 'evaluate', 'bench', 'runs', 'compare']],
  ['train', ['train', 'finetune', 'distill', 'merge', 'quantize']],
  ['serve', ['studio', 'serve', 'batch']],
  ['set up', ['pull', 'inspect', 'doctor', 'completion']],
];

const first: readonly (readonly [string, string])[] = [
  ['unmask generate "The dog"', 'a text, unmasked as you watch'],
  ['unmask studio', 'a page to write, fill, edit, chat and train'],
  ['unmask train FILE', 'a model of your own text in five minutes'],
];

/** What `unmask` alone says: the verbs, and three commands to try. */
export function menu(columns = 80): string {
  const width = helpWidth(columns);
  const groups = commandGroups.map(([purpose, names]) => [purpose, names.join(' ')] as const);
  return [
    `${wrapped('unmask: language models that write by unmasking', width).join('\n')}\n`,
    `Try\n${wrappedTable(first, width)}`,
    `Commands\n${wrappedTable(groups, width)}`,
    'unmask COMMAND --help explains one,\nunmask --help says what each is for.\n',
  ].join('\n');
}
