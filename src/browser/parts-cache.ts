/** What is known of a file that was downloaded, wholly or in part. */
export interface FileRecord {
  /** Undefined where the server has no such file. */
  readonly size?: number;
  /** The server's name for this version of it. */
  readonly version: string;
  readonly partBytes: number;
}

/** Keeps parts of files of one address, so that they needn't be downloaded again. */
export interface PartsCache {
  /** What was written down of a file. */
  record(url: string): Promise<FileRecord | undefined>;
  /** Writes down what is known of a file. */
  setRecord(url: string, record: FileRecord): Promise<void>;
  /** A part of a file, by its number. */
  part(url: string, index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps a part. */
  setPart(url: string, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Forgets everything of all files. */
  clear(): Promise<void>;
}

/** Parts in the Cache Storage of the page's origin. */
export async function storedParts(base: string, storage: CacheStorage): Promise<PartsCache> {
  const name = `unmask ${base}`;
  let cache = await storage.open(name);
  const keyOf = (url: string, what: string) => `${url}${url.includes('?') ? '&' : '?'}unmask=${what}`;
  return {
    async record(url) {
      const found = await cache.match(keyOf(url, 'record'));
      return found && ((await found.json()) as FileRecord);
    },
    setRecord: (url, record) => cache.put(keyOf(url, 'record'), Response.json(record)),
    async part(url, index) {
      const found = await cache.match(keyOf(url, `part-${index}`));
      return found && new Uint8Array(await found.arrayBuffer());
    },
    setPart: (url, index, bytes) => cache.put(keyOf(url, `part-${index}`), new Response(bytes)),
    async clear() {
      await storage.delete(name);
      cache = await storage.open(name);
    },
  };
}

/** What is kept of the files of an address. Pages that aren't served by https, or by localhost, have no Cache Storage. */
export const cacheFor = async (base: string): Promise<PartsCache> =>
  'caches' in globalThis ? storedParts(base, caches) : keepsNothing;

/** Where nothing can be kept: a page without a secure origin has no Cache Storage. */
export const keepsNothing: PartsCache = {
  record: async () => undefined,
  setRecord: async () => {},
  part: async () => undefined,
  setPart: async () => {},
  clear: async () => {},
};
