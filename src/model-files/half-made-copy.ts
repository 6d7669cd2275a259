import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { utf8 } from '../base/utf8.ts';
import { abandonedBeside } from '../checkpoint/directory.ts';
import type { DurableFile, DurableFs } from '../checkpoint/durable-fs.ts';
import type { TensorEntry } from '../checkpoint/header.ts';
import { withFile } from '../checkpoint/open-file.ts';
import { type TensorToWrite, bytesInFile } from '../checkpoint/safetensors-pieces.ts';
import { rawAt, readHeader } from '../checkpoint/tensor-reader.ts';
import type { ErrorSums, KeptTensors } from '../model/quantise.ts';

/** In the directory of a copy that is being made, a line for each tensor that is written; not in the copy. */
const journalName = 'made.jsonl';

/** A line of the journal. The first says in `of` what the copy is of, and with what. */
interface Line {
  readonly of?: unknown;
  readonly tensor?: string;
  readonly sha256?: string;
  /** What rounding did to parameters since the line before. */
  readonly sums?: Readonly<Record<string, ErrorSums>>;
}

/** A tensor in a file of which the rest is missing. */
interface Kept {
  readonly path: string;
  readonly entry: TensorEntry;
  readonly sha256: string;
}

/**
 * What a process that was killed had made of a quantised copy, and the journal of the one that goes on. A tensor is taken over
 * if its bytes have the hash that the journal has: the disk may have lost some of them since.
 */
export class HalfMadeCopy implements KeptTensors {
  readonly sums = new Map<string, ErrorSums>();
  readonly #of: unknown;
  readonly #fs: DurableFs;
  readonly #kept = new Map<string, Kept>();
  /** Of parameters that are to be noted with the next tensor. */
  #rounded: Record<string, ErrorSums> = {};
  #journal: { readonly path: string; readonly file: DurableFile } | undefined;

  private constructor(of: unknown, fs: DurableFs) {
    this.#of = of;
    this.#fs = fs;
  }

  /**
   * Looks for what was half made.
   *
   * @param directory  of the copy
   * @param of         of which source, at which state, in which format: of another nothing is taken over
   */
  static async before(directory: string, of: unknown, fs: DurableFs): Promise<HalfMadeCopy> {
    const copy = new HalfMadeCopy(of, fs);
    const places = await abandonedBeside(fs, directory).catch(() => []);
    // what can't be read is made again
    for (const place of places) await copy.#takeOver(place).catch(() => {});
    return copy;
  }

  /** Whether there is something to go on with. */
  get isBegun(): boolean {
    return this.#kept.size > 0;
  }

  has(tensor: string): boolean {
    return this.#kept.has(tensor);
  }

  async read(tensor: string): Promise<Uint8Array | undefined> {
    const { path, entry, sha256 } = this.#kept.get(tensor)!;
    const bytes = await withFile(path, (file) => rawAt(file, entry)).catch(() => undefined);
    return bytes && createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
  }

  /** Begins the journal of a copy that is being made in this place. */
  async begin(place: string): Promise<void> {
    const path = join(place, journalName);
    this.#journal = { path, file: await this.#fs.create(path) };
    await this.#write({ of: this.#of });
    this.#rounded = Object.fromEntries(this.sums);
  }

  /** Notes what rounding did to a parameter. */
  noteRounded(parameter: string, sums: ErrorSums): void {
    this.#rounded[parameter] = sums;
  }

  /** A tensor that is noted once it is written. */
  noting(tensor: TensorToWrite): TensorToWrite {
    const note = (sha256: string) => {
      const sums = this.#rounded;
      this.#rounded = {};
      return this.#write({ tensor: tensor.name, sha256, sums });
    };
    return {
      ...tensor,
      async *data() {
        const hash = createHash('sha256');
        for await (const piece of bytesInFile(tensor)) {
          hash.update(piece);
          yield piece;
        }
        // whoever asks for more has written what it got
        await note(hash.digest('hex'));
      },
    };
  }

  /** Takes the journal away, all being written. */
  async end(): Promise<void> {
    const path = this.#journal?.path;
    await this.close();
    if (path !== undefined) await this.#fs.remove(path);
  }

  async close(): Promise<void> {
    await this.#journal?.file.close();
    this.#journal = undefined;
  }

  async #write(line: Line): Promise<void> {
    await this.#journal?.file.write(utf8(`${JSON.stringify(line)}\n`));
  }

  async #takeOver(place: string): Promise<void> {
    const text: string[] = [];
    const decoder = new TextDecoder();
    for await (const piece of this.#fs.read(join(place, journalName)))
      text.push(decoder.decode(piece, { stream: true }));
    // the last line may be cut
    const [{ of }, ...lines] = text
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
    if (JSON.stringify(of) !== JSON.stringify(this.#of)) return;
    const files = (await this.#fs.list(place)).filter((name) => name.endsWith('.safetensors'));
    const entries = new Map<string, Omit<Kept, 'sha256'>>();
    for (const path of files.map((name) => join(place, name))) {
      const { tensors } = await withFile(path, (file) => readHeader(file, false));
      for (const [name, entry] of tensors) entries.set(name, { path, entry });
    }
    for (const { tensor = '', sha256 = '', sums = {} } of lines) {
      const found = entries.get(tensor);
      if (found) this.#kept.set(tensor, { ...found, sha256 });
      for (const [name, sum] of Object.entries(sums)) this.sums.set(name, sum);
    }
  }
}
