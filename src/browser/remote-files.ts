import { FileError, invariant } from '../base/errors.ts';
import type { RangeReader } from '../checkpoint/range-reader.ts';
import type { PageModelFiles } from './model-files.ts';
import type { FileRecord, PartsCache } from './parts-cache.ts';

/** Bytes of a request: what a closed tab loses at most of a download. */
const partBytes = 4 << 20;

/** How the files of a model are read from a server. */
export interface RemoteOptions {
  /** Where parts are kept for the next time. */
  readonly cache: PartsCache;
  /** Asks the server. */
  readonly fetch: typeof fetch;
  /** Is told how many bytes of a file came from the network, of how many. */
  readonly onDownload?: (name: string, done: number, total: number) => void;
  /** Is told once that the storage is full: the model works, and is downloaded again the next time. */
  readonly note?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The files of a model directory that a server has under an address. They are downloaded in parts, each of which is kept: what
 * was downloaded once is never asked for again, and a download that was broken off goes on where it was.
 *
 * @param base  ends with a slash
 */
export function remoteFiles(base: string, options: RemoteOptions): PageModelFiles {
  const download = new Download(options);
  return {
    place: base.replace(/\/$/, ''),
    async open(name) {
      const url = new URL(name, base).href;
      const record = await download.recordOf(url, name);
      return record.size === undefined ? undefined : readerOf(download, url, name, record.size);
    },
  };
}

const readerOf = (download: Download, url: string, name: string, size: number): RangeReader => ({
  path: url,
  size,
  async readInto(target, offset) {
    const end = offset + target.length;
    invariant(offset >= 0 && end <= size, `bytes ${offset} to ${end} of the ${size} of ${url}`);
    for (let at = offset; at < end;) {
      const index = Math.floor(at / partBytes);
      const begin = index * partBytes;
      const bytes = await download.part(url, name, index);
      const taken = bytes.subarray(at - begin, Math.min(end - begin, bytes.length));
      target.set(taken, at - offset);
      at += taken.length;
    }
  },
});

class Download {
  readonly #options: RemoteOptions;
  readonly #records = new Map<string, FileRecord>();
  /** The part that was read last: headers and small files are read piece by piece. */
  #latest: { readonly key: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;
  #isFull = false;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** What is known of a file; asks the server for its first part where nothing is. */
  async recordOf(url: string, name: string): Promise<FileRecord> {
    const known = this.#records.get(url) ?? (await this.#options.cache.record(url));
    if (known?.partBytes === partBytes) {
      this.#records.set(url, known);
      return known;
    }
    await this.#fetch(url, name, 0);
    return this.#records.get(url)!;
  }

  async part(url: string, name: string, index: number): Promise<Uint8Array<ArrayBuffer>> {
    const key = `${index} ${url}`;
    if (this.#latest?.key === key) return this.#latest.bytes;
    const stored = await this.#options.cache.part(url, index);
    const size = this.#records.get(url)?.size ?? 0;
    const isWhole = stored?.length === lengthOfPart(size, index);
    const bytes = stored && isWhole ? stored : await this.#fetch(url, name, index);
    this.#latest = { key, bytes };
    return bytes;
  }

  /**
   * Asks the server for a part, and gives all of it, whatever the server sends: less would be waited for without end. One that
   * knows no ranges sends the whole file, of which all parts are kept.
   *
   * @throws FileError  for another file than that of the other parts, and for what isn't the part
   */
  async #fetch(url: string, name: string, index: number): Promise<Uint8Array<ArrayBuffer>> {
    const begin = index * partBytes;
    const response = await this.#request(url, begin);
    const isMissing = response.status === 404 || (response.ok && isPage(response, name));
    if (isMissing) {
      await response.body?.cancel();
      await this.#checkVersion(url, { version: '', partBytes });
      return new Uint8Array();
    }
    // an empty file has no range
    if (response.status === 416 && index === 0) {
      await this.#checkVersion(url, { size: 0, version: versionOf(response), partBytes });
      return new Uint8Array();
    }
    if (!response.ok)
      throw new FileError(url, 'a file that is served', `${response.status} ${response.statusText}`.trim());
    if (response.status === 206) {
      const range = response.headers.get('Content-Range') ?? '';
      const [first, total] = (/^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? []).slice(1).map(Number);
      if (!Number.isSafeInteger(total))
        throw new FileError(url, 'a Content-Range with the size of the file', 'none that can be read');
      if (first !== begin) throw new FileError(url, `bytes from ${begin} on`, `bytes from ${first} on`);
      await this.#checkVersion(url, { size: total, version: versionOf(response), partBytes });
      const expected = lengthOfPart(total, index);
      const bytes = await this.#read(response, name, { begin, total, most: expected });
      if (bytes.length !== expected)
        throw new FileError(url, `${expected} bytes from ${begin} on`, `${bytes.length}`, 'load it again');
      return this.#keep(url, index, bytes);
    }
    return this.#keepWhole(url, name, index, response);
  }

  async #request(url: string, begin: number): Promise<Response> {
    const { fetch, signal } = this.#options;
    try {
      return await fetch(url, {
        headers: { Range: `bytes=${begin}-${begin + partBytes - 1}` },
        cache: 'no-store',
        signal,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const found = 'no answer';
      throw new FileError(url, 'a server that answers', found, 'check the address and the connection', {
        cause,
      });
    }
  }

  /** The same size and version as of the parts that are there, or all of the model is forgotten; remembers the first. */
  async #checkVersion(url: string, record: FileRecord): Promise<void> {
    const known = this.#records.get(url);
    if (known && (known.size !== record.size || known.version !== record.version)) {
      await this.#options.cache.clear();
      throw new FileError(url, 'the file of which other parts are here', 'a changed one', 'load it again');
    }
    if (!known) await this.#remember(url, record);
  }

  async #keepWhole(
    url: string,
    name: string,
    index: number,
    response: Response,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const told = Number(response.headers.get('Content-Length') ?? 0);
    const bytes = await this.#read(response, name, {
      begin: 0,
      total: told,
      most: this.#records.get(url)?.size,
    });
    await this.#checkVersion(url, { size: bytes.length, version: versionOf(response), partBytes });
    const parts = Math.max(1, Math.ceil(bytes.length / partBytes));
    for (let i = 0; i < parts; i++) await this.#keep(url, i, partIn(bytes, i));
    return partIn(bytes, index);
  }

  async #read(
    response: Response,
    name: string,
    { begin, total, most = Infinity }: { begin: number; total: number; most?: number },
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { onDownload, signal } = this.#options;
    const pieces: Uint8Array[] = [];
    let length = 0;
    try {
      for (const reader = response.body!.getReader(); ;) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        length += value.length;
        if (length > most) {
          await reader.cancel();
          break;
        }
        onDownload?.(name, begin + length, Math.max(total, begin + length));
      }
    } catch (cause) {
      signal?.throwIfAborted();
      const remedy = 'load it again: it goes on where it was';
      throw new FileError(response.url, 'the whole answer', 'a broken connection', remedy, { cause });
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  async #remember(url: string, record: FileRecord): Promise<void> {
    this.#records.set(url, record);
    await this.#store(() => this.#options.cache.setRecord(url, record));
  }

  async #keep(url: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    await this.#store(() => this.#options.cache.setPart(url, index, bytes));
    this.#latest = { key: `${index} ${url}`, bytes };
    return bytes;
  }

  /** A full storage is no reason not to work. */
  async #store(put: () => Promise<void>): Promise<void> {
    if (this.#isFull) return;
    try {
      await put();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.#isFull = true;
      this.#options.note?.(
        "the browser's storage is full: the model works, and will be downloaded again the next time",
      );
    }
  }
}

/** Bytes of a part of a file: the last is shorter. */
const lengthOfPart = (size: number, index: number): number =>
  Math.max(0, Math.min(partBytes, size - index * partBytes));

const partIn = (bytes: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> =>
  bytes.slice(index * partBytes, (index + 1) * partBytes);

const versionOf = ({ headers }: Response): string =>
  headers.get('ETag') ?? headers.get('Last-Modified') ?? '';

/** Some servers answer with their own page where there is no such file. */
const isPage = ({ headers }: Response, name: string): boolean =>
  !name.endsWith('.html') && (headers.get('Content-Type') ?? '').startsWith('text/html');
