// Makes models/typescript/sources.jsonl.gz, the text that the shipped completer learns from: one source a line, {"text": …}, with
// its package, licence and path. Of comments only the short ones are kept: a small model should spend itself on code.
//
//     node dist/examples/prepare-typescript.js SOURCES.jsonl.gz OUTPUT.jsonl.gz
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

const [sourcesPath, outputPath] = process.argv.slice(2);
if (!outputPath) {
  process.stderr.write('usage: prepare-typescript SOURCES.jsonl.gz OUTPUT.jsonl.gz\n');
  process.exit(2);
}

interface Source {
  readonly pkg: string;
  readonly license: string;
  readonly path: string;
  readonly text: string;
}

/** Tests, translations, and types that a program wrote. */
const isApart = (path: string) =>
  /(?:^|\/)(?:tests?|benchmarks?|locales|generated|spec)(?:\/|$)|\.(?:test|spec|bench)\.|K8sTypes|\.d\.c?ts$/.test(
    path,
  );

/** Without its comments in blocks, unless they are one short line; and with no more than one empty line in a row. */
function withoutLongComments(text: string): string {
  return text
    .replace(/^[ \t]*\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*\n/gm, (comment) =>
      comment.length < 100 ? comment : '',
    )
    .replace(/^(?:[ \t]*\/\/.*\n){4,}/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

const sources = gunzipSync(readFileSync(sourcesPath))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Source)
  .filter(({ path }) => !isApart(path))
  .map(({ pkg, license, path, text }) => ({ pkg, license, path, text: withoutLongComments(text) }))
  .filter(({ text }) => text.length >= 200);

writeFileSync(
  outputPath,
  gzipSync(sources.map((source) => `${JSON.stringify(source)}\n`).join(''), { level: 9 }),
);
process.stdout.write(
  `${sources.length} sources, ${sources.reduce((sum, { text }) => sum + text.length, 0)} characters\n`,
);
