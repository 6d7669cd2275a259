// Gives back the capitals to lower-case stories, with rules counted in stories that have theirs.

const WORD = /\p{L}+(?:'\p{L}+)*/gu;
/** A name is introduced: "a girl named lily", "his name was tim", "a boy called will." */
const NAMING = /\b(?:(?:named|name (?:was|is)) (\p{L}+)|called (\p{L}+)(?=[.,]| who\b| and\b))/gu;
const NO_NAMES = new Set(
  'a an the this that these those his her its their our my your some any each every after it him them out over back for mr mrs very not so'.split(
    ' ',
  ),
);
const DETERMINERS = new Set(
  'a an the this that these those his her its their our my your some any each every'.split(' '),
);

interface Place {
  readonly word: string;
  readonly previous: string;
  readonly next: string;
  /** What lies between the word before and this one: `mid` inside a sentence, else the characters themselves. */
  readonly gap: string;
  readonly at: number;
}

function places(text: string): Place[] {
  const matches = [...text.matchAll(WORD)];
  return matches.map((match, i) => {
    const before = matches[i - 1];
    const start = before ? before.index + before[0].length : 0;
    const between = text
      .slice(start, match.index)
      .replace(/\s*\n\s*/g, '\n')
      .replace(/\d+/g, '0');
    const abbreviated = before !== undefined && /^(?:mrs?|ms|dr|st)$/i.test(before[0]) && between === '. ';
    const inside = before !== undefined && (abbreviated || !/[.!?:"\n]/.test(between));
    return {
      word: match[0].toLowerCase(),
      previous: before?.[0].toLowerCase() ?? '',
      next: matches[i + 1]?.[0].toLowerCase() ?? '',
      gap: inside ? 'mid' : between,
      at: match.index,
    };
  });
}

const isUpper = (character: string) => character !== character.toLowerCase();

/** The words that a text introduces as names and that are not spoken of with an article. */
function namesIn(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, named, called] of text.toLowerCase().matchAll(NAMING)) {
    const word = named ?? called;
    if (!NO_NAMES.has(word)) names.add(word);
  }
  return names;
}

/** The rules that a place obeys, the most particular first. */
const keysOf = ({ word, previous, next, gap }: Place) =>
  gap === 'mid'
    ? [`${previous} ${word} ${next}`, `${previous} ${word}`, word]
    : [`|${gap}|${word} ${next}`, `|${gap}|${word}`, `|${gap}|`];

/**
 * Learns from properly cased texts, and returns the function that cases a lower-case text.
 * The most particular rule that was seen at least three times decides: the gap between the words with both neighbours'
 * words, then with this word, then the gap alone; words that a story introduces as a name are names in it.
 */
export function learnTruecase(
  cased: Iterable<string>,
  knownNames: ReadonlySet<string>,
): (text: string) => string {
  const votes = new Map<string, { upper: number; all: number }>();
  for (const text of cased) {
    for (const place of places(text)) {
      for (const key of keysOf(place)) {
        const vote = votes.get(key) ?? { upper: 0, all: 0 };
        vote.all++;
        if (isUpper(text[place.at])) vote.upper++;
        votes.set(key, vote);
      }
    }
  }
  const share = (key: string, least = 3) => {
    const vote = votes.get(key);
    return vote && vote.all >= least ? vote.upper / vote.all : undefined;
  };
  const isUpperAt = (place: Place, local: ReadonlySet<string>): boolean => {
    const { word, previous, gap } = place;
    if (/^i(?:'|$)/.test(word)) return true;
    const atStart = gap !== 'mid' && (share(`|${gap}|`) ?? 1) > 0.97;
    if (atStart) return true;
    const stem = word.replace(/'.*$/, '');
    const usual = share(stem) ?? 1;
    const isName = local.has(stem) || (knownNames.has(stem) && usual > 0.5);
    if (isName && !DETERMINERS.has(previous)) return true;
    for (const key of keysOf(place)) {
      const upper = share(key);
      if (upper !== undefined) return upper > 0.5;
    }
    return gap !== 'mid' || (share(stem) ?? 0) > 0.5;
  };
  return (text) => {
    const local = namesIn(text);
    let result = '';
    let end = 0;
    for (const place of places(text)) {
      const letter = text[place.at];
      result += text.slice(end, place.at) + (isUpperAt(place, local) ? letter.toUpperCase() : letter);
      end = place.at + 1;
    }
    return result + text.slice(end);
  };
}

/** Words introduced as names in at least two of the texts. */
export function commonNames(texts: Iterable<string>): Set<string> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const name of namesIn(text)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > 1).map(([name]) => name));
}
