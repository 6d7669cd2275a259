/** What is written down of an event; texts of prompts and answers never are. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes down an event with its fields; never a text of a prompt or an answer. */
export type Log = (level: 'info' | 'warn' | 'error', event: string, fields?: LogFields) => void;

/** A line of JSON for each event. A log that can't be written is no reason to stop. */
export const jsonLog =
  (output: { write(text: string): unknown }, now: () => Date): Log =>
  (level, event, fields = {}) => {
    output.write(`${JSON.stringify({ time: now().toISOString(), level, event, ...fields })}\n`);
  };
