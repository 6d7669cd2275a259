/** What stands at a position in the picture of an objective. */
export type PictureCell = 'given' | 'mask' | 'learned' | 'unseen' | 'wrong';

/** What a run may learn, and which verb of the program teaches it. */
export interface Objective {
  readonly name: string;
  readonly title: string;
  /** What is learned, in a sentence. */
  readonly says: string;
  readonly verb: 'train' | 'finetune' | 'distill';
  /** Options of the verb that say so. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether it begins with a model that is there. */
  readonly needsModel: boolean;
  /** Rows of positions: what the model sees, and what it learns to write. */
  readonly picture: readonly (readonly PictureCell[])[];
  /** What the text has to be. */
  readonly text: string;
}

const [g, m, l, u, w] = ['given', 'mask', 'learned', 'unseen', 'wrong'] as const;
const anyText = 'text: .txt or .jsonl, either as .gz';

/** All objectives, the commonest first. */
export const objectives: readonly Objective[] = [
  {
    name: 'masked-diffusion',
    title: 'Masked diffusion',
    says: 'Any share of the tokens is masked; it learns them all at once from those that stand, on both sides.',
    verb: 'train',
    options: { objective: 'masked-diffusion' },
    needsModel: false,
    picture: [
      [g, m, g, m, m, g, m, g],
      [u, l, u, l, l, u, l, u],
    ],
    text: anyText,
  },
  {
    name: 'block-diffusion',
    title: 'Block diffusion',
    says: 'Blocks from left to right, diffusion inside of each: it learns a masked block from those before it.',
    verb: 'train',
    options: { objective: 'block-diffusion' },
    needsModel: false,
    picture: [
      [g, g, g, m, g, m, u, u],
      [u, u, u, l, u, l, u, u],
    ],
    text: anyText,
  },
  {
    name: 'autoregressive',
    title: 'Autoregressive',
    says: 'Left to right, as the usual causal model, to compare with: it learns each token from those before it.',
    verb: 'train',
    options: { objective: 'autoregressive' },
    needsModel: false,
    picture: [
      [g, g, g, g, u, u, u, u],
      [u, u, u, u, l, u, u, u],
    ],
    text: anyText,
  },
  {
    name: 'answers',
    title: 'Answers (SFT)',
    says: 'Masks are in the answers alone: a model that is there learns to answer what it is asked.',
    verb: 'finetune',
    options: {},
    needsModel: true,
    picture: [
      [g, g, g, g, m, g, m, m],
      [u, u, u, u, l, u, l, l],
    ],
    text: 'conversations: .jsonl with {prompt, answer} or {messages}',
  },
  {
    name: 'preferences',
    title: 'Preferences',
    says: 'Of two answers to the same prompt the better one becomes likelier (DPO).',
    verb: 'finetune',
    options: { learn: 'preferences' },
    needsModel: true,
    picture: [
      [g, g, g, g, l, l, l, l],
      [g, g, g, g, w, w, w, w],
    ],
    text: 'pairs: .jsonl with {prompt, chosen, rejected}',
  },
  {
    name: 'distill',
    title: 'Distillation',
    says: 'It writes careful texts, and learns to write them several tokens a forward.',
    verb: 'distill',
    options: {},
    needsModel: true,
    picture: [
      [g, g, m, m, m, m, m, m],
      [u, u, l, l, l, l, u, u],
    ],
    text: 'real text, for the beginnings and what it is not to unlearn',
  },
];

/** Values of an option in a sweep, as they are typed: `learningRate 1e-3, 2e-3`. */
export function sweepIn(
  typed: string,
  names: readonly string[],
): Readonly<Record<string, readonly (string | number | boolean)[]>> | Error {
  const axes: Record<string, (string | number | boolean)[]> = {};
  for (const line of typed.split('\n').filter((one) => one.trim() !== '')) {
    const [, label, list] = /^\s*([a-zA-Z][\w -]*?)\s*[:=]\s*(.+)$/.exec(line) ?? [];
    if (label === undefined)
      return new Error(`“${line.trim()}” must be an option and its values: learning rate: 1e-3, 2e-3`);
    const name = label.replaceAll(/[ -]+(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (!names.includes(name)) return new Error(`there is no option ${label}`);
    axes[name] = list.split(',').map((value) => valueOf(value.trim()));
  }
  return axes;
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
