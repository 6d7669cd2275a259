/**
 * GPT-2's byte level: a text is cut into pieces (words with the space before them, runs of digits, of signs, of blanks),
 * and a piece is its UTF-8 bytes, each written as one printable character. So every text has ids, and no unknown token exists.
 */

// \p{White_Space} and not \s: JavaScript's \s holds U+FEFF and lacks U+0085, other than in the libraries whose ids these are.
const CONTRACTIONS = "'(?:[stmd]|re|ve|ll)";
const ANY_CASE_CONTRACTIONS = "'(?:[sS\u017ftTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const BLANKS = '\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';
const SIGNS = ' ?[^\\p{White_Space}\\p{L}\\p{N}]+';
const WORDS = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';

/** GPT-2's way to cut: a word, a number or a run of signs takes the space before it. */
export const GPT2_PIECES = `${CONTRACTIONS}| ?\\p{L}+| ?\\p{N}+|${SIGNS}|${BLANKS}`;

/** Qwen's way to cut, as it is written in `tokenizer.json` (Oniguruma): each digit is a number. */
export const QWEN_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Llama 3's: at most three digits are a number. */
export const LLAMA3_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** LLaDA's: each digit is a number. */
export const LLADA_PATTERN =
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";

/**
 * Their patterns, and ours for the same. Their possessive quantifiers change nothing here, as what follows can never
 * begin with what they hold.
 */
export const PUBLISHED_PIECES: ReadonlyMap<string, string> = new Map([
  [
    QWEN_PATTERN,
    `${ANY_CASE_CONTRACTIONS}|${WORDS}|\\p{N}|${SIGNS}[\\r\\n]*|\\p{White_Space}*[\\r\\n]+|${BLANKS}`,
  ],
  [
    LLAMA3_PATTERN,
    `${ANY_CASE_CONTRACTIONS}|${WORDS}|\\p{N}{1,3}|${SIGNS}[\\r\\n]*|\\p{White_Space}*[\\r\\n]+|${BLANKS}`,
  ],
  [
    LLADA_PATTERN,
    `${ANY_CASE_CONTRACTIONS}|${WORDS}|\\p{N}|${SIGNS}[\\r\\n]*|\\p{White_Space}*[\\r\\n]|${BLANKS}`,
  ],
]);

/**
 * Calls `use` with the pieces of a text, in order; joined, they are the text.
 * Every character belongs to a class of each pattern, so pieces have no gaps between them.
 */
export function forEachPiece(text: string, use: (piece: string) => void, pieces = GPT2_PIECES): void {
  const pattern = new RegExp(pieces, 'uy');
  let start = 0;
  while (pattern.test(text)) {
    use(text.slice(start, pattern.lastIndex));
    start = pattern.lastIndex;
  }
}

/**
 * The printable character that stands for each byte, and the bytes in the order of those characters.
 * Printable bytes stand for themselves; the other 68 take the characters from U+0100 on.
 */
function byteCharacters(): { readonly characters: readonly string[]; readonly order: Uint8Array } {
  const characters: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    characters.push(String.fromCodePoint(printable ? byte : next++));
  }
  const order = Uint8Array.from(characters.keys()).sort(
    (a, b) => characters[a].charCodeAt(0) - characters[b].charCodeAt(0),
  );
  return { characters, order };
}

export const { characters: BYTE_CHARACTERS, order: BYTE_ORDER } = byteCharacters();

const encoder = new TextEncoder();

/** The printable characters that stand for a text's bytes. */
export function bytesAsCharacters(text: string): string {
  let characters = '';
  for (const byte of encoder.encode(text)) characters += BYTE_CHARACTERS[byte];
  return characters;
}

const BYTE_OF = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** The bytes that a token of a byte-level vocabulary stands for; undefined if it holds a character that stands for none. */
export function tokenBytes(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF.get(token[i]);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
