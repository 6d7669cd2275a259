// Makes models/talk/talk.jsonl.gz, the conversations that the shipped dialogue model learns from: one a line, {"turns": [...]}
// for answering, and {"text": …} the same, for learning how people talk. Dialogues whose turns are short, typed alike.
//
//     node dist/examples/prepare-talk.js DIALOGUES.jsonl.gz CONVERSATIONS.yml OUTPUT.jsonl.gz
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

const paths = process.argv.slice(2);
if (paths.length < 3) {
  process.stderr.write('usage: prepare-talk DIALOGUES.jsonl.gz CONVERSATIONS.yml … OUTPUT.jsonl.gz\n');
  process.exit(2);
}
const [dialoguesPath, ...others] = paths;
const outputPath = others.pop()!;

/** One style of quotes and blanks; a capital at the beginning of a sentence, and for I. */
const normalise = (turn: string): string =>
  turn
    .normalize('NFKC')
    .replace(/[‘’`´]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[–—]/g, '-')
    .replace(/…/g, '...')
    .replace(/\s+/g, ' ')
    .replace(/ +([,.!?])/g, '$1')
    .replace(/([!?.])\.(?!\.)/g, '$1')
    .replace(/\bi(?=\b(?!\.))/g, 'I')
    .trim()
    .replace(/(?:^|[.!?] )["']?[a-z]/g, (start) => start.toUpperCase())
    .replace(/[a-zA-Z0-9]$/, '$&.');

const isPlain = (turn: string) => turn.length >= 2 && turn.length <= 90 && /^[ -~]+$/.test(turn);

const dialogues = gunzipSync(readFileSync(dialoguesPath))
  .toString()
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { turns: string[] }).turns.map(normalise))
  .filter((turns) => turns.length >= 4 && turns.every(isPlain) && new Set(turns).size > 0.8 * turns.length);

/** `- - question` and `  - answer`, as chatterbot's files have them. */
const conversations = others
  .flatMap((path) =>
    readFileSync(path, 'utf8')
      .split(/^- (?=- )/m)
      .slice(1),
  )
  .map((entry) =>
    [...entry.matchAll(/^ *- (.+(?:\n {4,}.+)*)/gm)].map(([, turn]) =>
      normalise(turn.replace(/^(["'])(.*)\1$/s, '$2')),
    ),
  )
  .filter((turns) => turns.length >= 2 && turns.every(isPlain));

/** How often each of the few greetings stands among the many dialogues. */
const copies = 10;
const rows = [...Array.from({ length: copies }, () => conversations).flat(), ...dialogues].map((turns) => ({
  turns,
  text: turns.join('\n'),
}));
writeFileSync(outputPath, gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { level: 9 }));
process.stdout.write(
  `${dialogues.length} dialogues, ${conversations.length} conversations; ${rows.reduce((sum, { text }) => sum + text.length, 0)} characters\n`,
);
