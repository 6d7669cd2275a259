// Makes models/stories/stories.jsonl.gz, the text that the shipped model learns from: one story a line, {"text": …}, cased,
// a blank line between paragraphs. From extracts of TinyStories: any number of files with stories as they were written, and a
// lower-case file, in which a blank line parts paragraphs and a single line break parts stories, or, in stories typed so,
// paragraphs too. No story comes twice.
//
//     node dist/examples/prepare-stories.js OUTPUT.jsonl.gz LOWERCASE.txt.gz CASED.jsonl.gz …
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { commonNames, learnTruecase } from './truecase.ts';

const [outputPath, lowercasePath, ...casedPaths] = process.argv.slice(2);
if (casedPaths.length === 0) {
  process.stderr.write('usage: prepare-stories OUTPUT.jsonl.gz LOWERCASE.txt.gz CASED.jsonl.gz …\n');
  process.exit(2);
}

/** UTF-8 that was once read as Windows-1252, then lower-cased; and typography that a small vocabulary need not hold. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/â€œ|â€\u009d|â«|â»|[“”«»]/g, '"'],
  [/â€™|â€˜|[‘’`´]/g, "'"],
  [/â€“|–/g, '-'],
  [/â€”|—/g, ' - '],
  [/â€¦|…/g, '...'],
  [/â€/g, '"'],
  [/ã©/g, 'é'],
  [/ã±/g, 'ñ'],
  [/ã¡/g, 'á'],
];

/** One style of quotes, dashes and blanks; paragraphs parted by a blank line. */
function normalise(text: string): string {
  for (const [pattern, replacement] of REPLACEMENTS) text = text.replace(pattern, replacement);
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ *\n[ \n]*/g, '\n\n')
    .trim();
}

/** The sentences of a story that are long enough to be its own, whatever their case, quotes and blanks. */
const sentencesOf = (text: string) =>
  text
    .split(/[.!?\n]/)
    .map((sentence) => sentence.toLowerCase().replace(/[^a-z]/g, ''))
    .filter(({ length }) => length >= 25);

const OPENING =
  /^ *(?:once\b|one (?:\w+ )?(?:day|morning|night|evening|afternoon)\b|there (?:once )?(?:was|were|lived)\b|long ago|it was an? )/i;
/** Someone answers: the middle of a story. */
const CONTINUING =
  /^ *(?:"|(?:the |his |her )?(?:\w+ ){1,3}(?:said|replied|asked|smiled|answered|nodded|laughed|frowned|gently|quickly|softly)\b)/i;
const CLOSING = /(?:\bthe end|\bever after|\bmoral of the story\b[^\n]*)[.!]?"?\s*$/i;

/**
 * The stories of the lower-case file. A piece between single line breaks is a story of its own if it has paragraphs or is long;
 * a short one opens a story only with a story's first words, or after a story's last ones.
 */
function storiesOf(file: string): string[] {
  const stories: string[] = [];
  let current = '';
  let whole = true;
  for (const piece of file.split(/(?<!\n)\n(?!\n)/)) {
    if (piece.trim() === '') {
      whole = false;
      continue;
    }
    const complete = piece.includes('\n\n') || piece.length > 450;
    const opens = OPENING.test(piece)
      ? complete || whole || current.length > 250
      : complete && whole && !CONTINUING.test(piece);
    if (current && (opens || CLOSING.test(current))) {
      stories.push(current);
      current = '';
    }
    current += current ? `\n\n${piece}` : piece;
    whole = current === piece && complete;
  }
  return [...stories, current];
}

/** A story that was cut off in mid-sentence, without its unfinished end. */
function withoutUnfinishedEnd(text: string): string {
  const end = /^[\s\S]*[.!?]["')]?(?=\s|$)/.exec(text);
  return end ? end[0].trim() : '';
}

const cased = casedPaths
  .flatMap((path) => gunzipSync(readFileSync(path)).toString().trim().split('\n'))
  .map((line) => normalise((JSON.parse(line) as { text: string }).text));
const lowercase = storiesOf(gunzipSync(readFileSync(lowercasePath)).toString()).map(normalise);

/** The stories of which fewer than two fifths of the sentences stood in a story before: no copies, and no parts of copies. */
function withoutCopies(stories: readonly string[], seen: Set<string>): string[] {
  return stories.map(withoutUnfinishedEnd).filter((text) => {
    const sentences = sentencesOf(text);
    const known = sentences.filter((sentence) => seen.has(sentence)).length;
    if (text.length < 200 || known >= 0.4 * sentences.length) return false;
    for (const sentence of sentences) seen.add(sentence);
    return true;
  });
}

const seen = new Set<string>();
const kept = withoutCopies(cased, seen);
const others = withoutCopies(lowercase, seen);
const truecase = learnTruecase(cased, commonNames([...cased, ...others]));
const stories = [...kept, ...others.map(truecase)];

writeFileSync(
  outputPath,
  gzipSync(stories.map((text) => `${JSON.stringify({ text })}\n`).join(''), { level: 9 }),
);
process.stdout.write(
  `${stories.length} stories, ${kept.length} of them cased; ${stories.reduce((sum, { length }) => sum + length, 0)} characters\n`,
);
