const columnWords: Readonly<Record<string, string>> = {
  standardError: '± (one standard error)',
  objective: 'model',
  when: 'fine-tuning',
  repeated4: 'repeated runs of four words',
};

/** What a column of results is called for people: `natsPerToken` is “nats a token”. */
export const columnName = (key: string): string =>
  columnWords[key] ??
  key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(' per ', ' a ');
