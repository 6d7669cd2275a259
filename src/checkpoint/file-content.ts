/** What is in a file to be written: its bytes, or a maker of its pieces, called once for each attempt to write it. */
export type FileContent = Uint8Array | (() => Iterable<Uint8Array> | AsyncIterable<Uint8Array>);

/** The pieces of a file's content, in order. */
export function piecesOf(content: FileContent): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return typeof content === 'function' ? content() : [content];
}
