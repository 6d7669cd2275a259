import { post } from '../client.ts';

/** Characters of a part: less than what a request may have, however they are spelled. */
const partCharacters = 120_000;

/**
 * Gives the server a file that a person chose, in parts, unpacked where it is a .gz.
 *
 * @returns  the path that a run takes
 */
export async function upload(file: File): Promise<string> {
  const isPacked = file.name.endsWith('.gz');
  const bytes = isPacked ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  // another file of the same name stays what a run was begun with
  const id = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  const plain = (isPacked ? file.name.slice(0, -3) : file.name)
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^[.-]/, '_');
  const name = `${id}-${plain.slice(-80)}`;
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  let [from, rest, path] = [0, '', ''];
  const send = async (text: string) => {
    ({ path } = await post<{ path: string }>('/unmask/upload', { name, text, from }));
    from += 1;
  };
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? '';
    while (rest.length > partCharacters) {
      await send(rest.slice(0, partCharacters));
      rest = rest.slice(partCharacters);
    }
    if (done) break;
  }
  await send(rest);
  return path;
}
