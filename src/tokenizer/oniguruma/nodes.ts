import type { CharacterSet } from './character-set.ts';

/** A regular expression as it is written, without captures, names and comments. */
export type Node =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly part: Node;
      readonly least: number;
      /** Infinity where there is no bound. */
      readonly most: number;
      readonly lazy: boolean;
    }
  | { readonly kind: 'assert'; readonly place: Place }
  | {
      readonly kind: 'look';
      readonly part: Node;
      readonly behind: boolean;
      readonly negative: boolean;
    }
  /** Once matched, never matched otherwise: `(?>…)`, `a++`. */
  | { readonly kind: 'atomic'; readonly part: Node };

/** What an anchor asks of the place where it stands: `^`, `$`, `\A`, `\z`, `\b` and the like. */
export type Place =
  | 'text start'
  | 'text end'
  | 'last line end'
  | 'line start'
  | 'line end'
  | 'word edge'
  | 'no word edge';

/** Matches the empty text. */
export const emptyNode: Node = { kind: 'sequence', parts: [] };

/** Whether a part can match without taking a character. */
export function mayBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.parts.every(mayBeEmpty);
    case 'choice':
      return node.options.some(mayBeEmpty);
    case 'repeat':
      return node.least === 0 || mayBeEmpty(node.part);
    case 'atomic':
      return mayBeEmpty(node.part);
    default:
      return true;
  }
}

/** The number of characters that a part always takes; undefined where it isn't always the same. */
export function nodeWidth(node: Node): number | undefined {
  const sum = (nodes: readonly Node[]) =>
    nodes.reduce<number | undefined>((total, part) => {
      const width = nodeWidth(part);
      return total === undefined || width === undefined ? undefined : total + width;
    }, 0);
  switch (node.kind) {
    case 'set':
      return 1;
    case 'sequence':
      return sum(node.parts);
    case 'choice': {
      const [first, ...others] = node.options.map(nodeWidth);
      return others.every((width) => width === first) ? first : undefined;
    }
    case 'repeat': {
      const width = nodeWidth(node.part);
      return node.least === node.most && width !== undefined ? width * node.least : undefined;
    }
    case 'atomic':
      return nodeWidth(node.part);
    default:
      return 0;
  }
}
