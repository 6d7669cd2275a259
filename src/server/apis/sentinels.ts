/** How a family of models for code is told of a gap: by special tokens, which editors write into the prompt themselves. */
interface Family {
  readonly before: string;
  readonly after: string;
  /** Ends the prompt; the model writes behind it. */
  readonly end: string;
  /** What follows the gap comes first. */
  readonly afterFirst?: boolean;
}

const families: readonly Family[] = [
  // Qwen, CodeGemma
  { before: '<|fim_prefix|>', after: '<|fim_suffix|>', end: '<|fim_middle|>' },
  { before: '<|fim_prefix|>', after: '<|fim_suffix|>', end: '<|fim_middle|>', afterFirst: true },
  // StarCoder, Granite, Stable Code
  { before: '<fim_prefix>', after: '<fim_suffix>', end: '<fim_middle>' },
  { before: '<fim_prefix>', after: '<fim_suffix>', end: '<fim_middle>', afterFirst: true },
  { before: '<PRE> ', after: ' <SUF>', end: ' <MID>' }, // CodeLlama
  { before: '<｜fim▁begin｜>', after: '<｜fim▁hole｜>', end: '<｜fim▁end｜>' }, // DeepSeek-Coder
  { before: '<|code_prefix|>', after: '<|code_suffix|>', end: '<|code_middle|>' }, // GLM
  { before: '[PREFIX]', after: '[SUFFIX]', end: '', afterFirst: true }, // Codestral
];

/** What stands around the gap that a prompt has by the sentinels of some family, or undefined where it has none. */
export function gapIn(prompt: string): { before: string; after: string } | undefined {
  for (const { before, after, end, afterFirst = false } of families) {
    if (!prompt.endsWith(end)) continue;
    const body = prompt.slice(0, prompt.length - end.length);
    const [first, second] = afterFirst ? [after, before] : [before, after];
    const [i, j] = [body.indexOf(first), body.lastIndexOf(second)];
    if (i < 0 || j < i + first.length) continue;
    // what stands before the sentinels, such as other files, is in front of the gap
    const head = body.slice(0, i);
    const [one, other] = [body.slice(i + first.length, j), body.slice(j + second.length)];
    return afterFirst ? { before: head + other, after: one } : { before: head + one, after: other };
  }
  return undefined;
}
