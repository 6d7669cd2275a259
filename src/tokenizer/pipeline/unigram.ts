import type { TokenizerJson } from '../tokenizer-json.ts';
import { bytesOfTokens } from './bpe-model.ts';
import type { EncodePiece } from './encode-piece.ts';

/** A tree of the tokens by their UTF-16 code units. */
interface TrieNode {
  readonly next: Map<number, TrieNode>;
  id?: number;
}

/** What an unknown character costs beside the least likely token. */
const unknownPenalty = 10;

/**
 * SentencePiece's unigram model: of all ways to write a piece in tokens the most likely one. A run of characters that are no
 * token is one unknown token, or its bytes where all of these are tokens (`byte_fallback`).
 *
 * @throws Error  for a vocabulary without scores
 */
export function unigramModel(model: TokenizerJson['model']): EncodePiece {
  const { vocab } = model;
  if (!Array.isArray(vocab)) throw new Error('its model is of the type Unigram, and its vocab has no scores');
  const entries = vocab as readonly (readonly [string, number])[];
  const unknownId = typeof model['unk_id'] === 'number' ? model['unk_id'] : undefined;
  const root: TrieNode = { next: new Map() };
  const ids = new Map<string, number>();
  let least = Infinity;
  for (const [id, [token, score]] of entries.entries()) {
    if (typeof score !== 'number') throw new Error(`its model has no score for ${JSON.stringify(token)}`);
    least = Math.min(least, score);
    ids.set(token, id);
    insert(root, token, id);
  }
  const unknownScore = least - unknownPenalty;
  const bytesOf = bytesOfTokens(ids);

  return (piece) =>
    bestPath(piece, { root, scoreOf: (id) => entries[id][1], unknownScore, unknownId }).flatMap((token) => {
      const id = ids.get(token);
      if (id !== undefined) return [id];
      const bytes = model['byte_fallback'] === true ? bytesOf(token) : undefined;
      return bytes ?? unknownId ?? [];
    });
}

function insert(root: TrieNode, token: string, id: number): void {
  let node = root;
  for (let i = 0; i < token.length; i++) {
    const unit = token.charCodeAt(i);
    let next = node.next.get(unit);
    if (!next) node.next.set(unit, (next = { next: new Map() }));
    node = next;
  }
  node.id = id;
}

interface Scores {
  readonly root: TrieNode;
  scoreOf(id: number): number;
  readonly unknownScore: number;
  readonly unknownId: number | undefined;
}

/** The texts of the tokens of the most likely way, unknown ones beside each other as one. */
function bestPath(piece: string, { root, scoreOf, unknownScore, unknownId }: Scores): string[] {
  const best = new Float64Array(piece.length + 1);
  const from = new Int32Array(piece.length + 1).fill(-1);
  const isUnknown = new Uint8Array(piece.length + 1);
  const reach = (start: number, end: number, score: number, unknown: boolean): void => {
    const total = best[start] + score;
    if (from[end] >= 0 && total <= best[end]) return;
    [best[end], from[end], isUnknown[end]] = [total, start, unknown ? 1 : 0];
  };
  for (let start = 0; start < piece.length;) {
    const width = piece.codePointAt(start)! > 0xffff ? 2 : 1;
    let hasSingle = false;
    let node: TrieNode | undefined = root;
    for (let end = start; node && end < piece.length;) {
      node = node.next.get(piece.charCodeAt(end));
      end++;
      if (node?.id === undefined) continue;
      reach(start, end, scoreOf(node.id), node.id === unknownId);
      hasSingle ||= end - start === width;
    }
    if (!hasSingle) reach(start, start + width, unknownScore, true);
    start += width;
  }
  const tokens: string[] = [];
  let wasUnknown = false;
  for (let end = piece.length; end > 0; end = from[end]) {
    const text = piece.slice(from[end], end);
    if (isUnknown[end] && wasUnknown) tokens.push(text + tokens.pop()!);
    else tokens.push(text);
    wasUnknown = isUnknown[end] === 1;
  }
  return tokens.toReversed();
}
