/**
 * The normaliser that SentencePiece stores in a file: a double array of what is replaced, and the texts that replace it,
 * each ended by a zero. As Hugging Face's `spm_precompiled` it looks at whole graphemes first, then at characters.
 *
 * @param map  in base64
 * @throws Error  a sentence on what is wrong with it
 */
export function precompiledNormalizer(map: string | null | undefined): (text: string) => string {
  const bytes = Uint8Array.from(atob(map ?? ''), (character) => character.charCodeAt(0));
  if (bytes.length === 0) return (text) => text;
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : -1;
  if (size < 0 || size % 4 !== 0 || 4 + size > bytes.length)
    throw new Error('its normalizer has a precompiled_charsmap that is cut off');
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = bytes.subarray(4 + size);
  const replaced = (text: string): string | undefined => {
    const at = lookUp(units, utf8.encode(text));
    if (at === undefined || at > replacements.length) return undefined;
    const end = replacements.indexOf(0, at);
    return new TextDecoder().decode(replacements.subarray(at, end < 0 ? replacements.length : end));
  };
  const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return (text) => {
    let changed = '';
    for (const { segment } of graphemes.segment(text)) {
      const whole = utf8.encode(segment).length < 6 ? replaced(segment) : undefined;
      if (whole !== undefined) changed += whole;
      else for (const character of segment) changed += replaced(character) ?? character;
    }
    return changed;
  };
}

const utf8 = new TextEncoder();

/** The value of the first beginning of a key that the double array holds. */
function lookUp(units: Uint32Array, key: Uint8Array): number | undefined {
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
  let position = offset(units[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return undefined;
    position ^= byte;
    const unit = units[position];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    position ^= offset(unit);
    if ((unit & 0x100) !== 0) return (units[position] ?? 0) & 0x7fffffff;
  }
  return undefined;
}
