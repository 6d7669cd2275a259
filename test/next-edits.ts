// How editors ask for the next edit, and what they make of the answer: the shapes of their requests, written anew.

/** A file with a cursor in it, the lines that may change, and others that were changed before. */
export interface EditedFile {
  readonly path: string;
  readonly lines: readonly string[];
  readonly row: number;
  readonly column: number;
  /** The first line that may change, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly history: string;
}

/** How an editor asks, and reads what it is told. */
export interface NextEditClient {
  readonly message: (file: EditedFile) => string;
  /** What the lines become. */
  readonly read: (answer: string) => string;
}

const tagged = (name: string, inside: string): string => `<|${name}|>\n${inside}<|/${name}|>`;

const withCursor = ({ lines, row, column }: EditedFile): string[] =>
  lines.map((line, i) => (i === row ? `${line.slice(0, column)}<|cursor|>${line.slice(column)}` : line));

/** Zed: texts between tags, each with a line break before its end; what follows the region begins with its line break. */
const zed: NextEditClient = {
  message(file) {
    const lines = withCursor(file);
    const [before, region, after] = [
      lines.slice(0, file.from),
      lines.slice(file.from, file.to),
      lines.slice(file.to),
    ].map((part) => part.join('\n'));
    const head = file.from > 0 ? `${before}\n` : '';
    const tail = file.to < lines.length ? `\n${after}` : '';
    const edited = `${tagged('code_to_edit', `${region}\n`)}\n`;
    return [
      tagged('recently_viewed_code_snippets', '\n'),
      tagged('current_file_content', `current_file_path: ${file.path}\n${head}${edited}${tail}\n`),
      tagged('edit_diff_history', `${file.history}\n`),
      '',
    ].join('\n');
  },
  read: (answer) => answer.replace(/^```\n/, '').replace(/\n```$/, ''),
};

/** Continue: tags are lines among those of the file. */
const continueCore: NextEditClient = {
  message(file) {
    const lines = withCursor(file);
    lines.splice(file.to, 0, '<|/code_to_edit|>');
    lines.splice(file.from, 0, '<|code_to_edit|>');
    return [
      tagged('recently_viewed_code_snippets', '\n'),
      '',
      tagged('current_file_content', `current_file_path: ${file.path}\n${lines.join('\n')}\n`),
      '',
      tagged('edit_diff_history', `${file.history}\n`),
      '',
    ].join('\n');
  },
  read: (answer) => answer.slice(answer.indexOf('```\n') + 4, answer.lastIndexOf('\n```')),
};

/** cursortab.nvim: each line of the region with its line break, and the end of the region behind the last. */
const cursortab: NextEditClient = {
  message(file) {
    const lines = withCursor(file).map((line) => `${line}\n`);
    const [before, region, after] = [
      lines.slice(0, file.from),
      lines.slice(file.from, file.to),
      lines.slice(file.to),
    ].map((part) => part.join(''));
    const edited = `${tagged('code_to_edit', region)}\n`;
    return [
      tagged('recently_viewed_code_snippets', ''),
      '',
      tagged('current_file_content', `current_file_path: ${file.path}\n${before}${edited}${after}`),
      '',
      tagged('edit_diff_history', `--- ${file.path}\n+++ ${file.path}\n${file.history}\n`),
    ].join('\n');
  },
  read: zed.read,
};

export const nextEditClients: Readonly<Record<string, NextEditClient>> = {
  Zed: zed,
  Continue: continueCore,
  cursortab,
};
