/** A conversation with a model that has no chat template: its turns as one text, which the model goes on with. */
export const conversation = (turns: readonly { content: string }[]): string =>
  turns.map(({ content }) => content).join('\n\n');
