import assert from 'node:assert/strict';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { FileError } from '../base/errors.ts';
import { findCheckpoints } from './find-checkpoints.ts';
import { saveCheckpoint } from './checkpoints.ts';
import type { DurableFile, DurableFs } from './durable-fs.ts';
import type { FileContent } from './file-content.ts';

/**
 * A disk that can lose power. What was not synced may be there afterwards, or not, or in part: of a file any mixture
 * of old bytes, new bytes, zeros and garbage; of a directory each changed name on its own, so that a rename may leave
 * both names or neither. Real file systems are kinder.
 */
interface SimulatedFile {
  content: Buffer;
  synced: Buffer;
}
interface SimulatedDirectory {
  names: Map<string, Inode>;
  synced: Map<string, Inode>;
}
type Inode = SimulatedFile | SimulatedDirectory;

class PowerLost extends Error {}

// thousands of errors are made on the way, and their stacks would take most of the time
Error.stackTraceLimit = 0;

const systemError = (code: string): Error => Object.assign(new Error(code), { code });
const newDirectory = (): SimulatedDirectory => ({ names: new Map(), synced: new Map() });
const isDirectory = (inode: Inode): inode is SimulatedDirectory => 'names' in inode;

/** mulberry32: seeds a scenario, nothing more. */
function randomOf(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z ^= z + Math.imul(z ^ (z >>> 7), 61 | z);
    return Math.floor((((z ^ (z >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

class SimulatedDisk implements DurableFs {
  root = newDirectory();
  capacity = Number.POSITIVE_INFINITY;
  /** Operations until the power goes; each one counts it down. */
  untilLoss = Number.POSITIVE_INFINITY;
  /** Operations until one fails with `failure`, once. */
  untilFailure = Number.POSITIVE_INFINITY;
  failure = 'EIO';
  /** A sync that is left out, for the negative controls. */
  skips: (kind: 'file' | 'directory', path: string) => boolean = () => false;
  operations = 0;

  #operate(): void {
    this.operations++;
    if (--this.untilLoss < 0) throw new PowerLost('the power is gone');
    if (--this.untilFailure === 0) throw systemError(this.failure);
  }

  #find(path: string): Inode {
    let inode: Inode = this.root;
    for (const name of path.split('/').filter(Boolean)) {
      if (!isDirectory(inode)) throw systemError('ENOTDIR');
      const next = inode.names.get(name);
      if (next === undefined) throw systemError('ENOENT');
      inode = next;
    }
    return inode;
  }

  directory(path: string): SimulatedDirectory {
    const inode = this.#find(path);
    if (!isDirectory(inode)) throw systemError('ENOTDIR');
    return inode;
  }

  file(path: string): SimulatedFile {
    const inode = this.#find(path);
    if (isDirectory(inode)) throw systemError('EISDIR');
    return inode;
  }

  used(inode: Inode = this.root): number {
    if (!isDirectory(inode)) return inode.content.length;
    return [...inode.names.values()].reduce((sum, child) => sum + this.used(child), 0);
  }

  #add(path: string, inode: Inode): void {
    const parent = this.directory(dirname(path));
    if (parent.names.has(basename(path))) throw systemError('EEXIST');
    parent.names.set(basename(path), inode);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#operate();
    this.#add(path, newDirectory());
  }

  async create(path: string): Promise<DurableFile> {
    this.#operate();
    const file: SimulatedFile = { content: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#add(path, file);
    return {
      write: async (bytes) => {
        this.#operate();
        // a full disk takes what fits before it says so
        const room = this.capacity === Infinity ? Infinity : Math.max(0, this.capacity - this.used());
        file.content = Buffer.concat([file.content, bytes.subarray(0, Math.min(room, bytes.length))]);
        if (room < bytes.length) throw systemError('ENOSPC');
      },
      sync: async () => {
        this.#operate();
        if (!this.skips('file', path)) file.synced = file.content;
      },
      close: async () => {},
    };
  }

  async syncDirectory(path: string): Promise<void> {
    this.#operate();
    const directory = this.directory(path);
    if (!this.skips('directory', path)) directory.synced = new Map(directory.names);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#operate();
    const inode = this.#find(from);
    this.#add(to, inode);
    this.directory(dirname(from)).names.delete(basename(from));
  }

  /** One operation for each file, so that the power can go in the middle of a directory. */
  async remove(path: string): Promise<void> {
    this.#operate();
    let inode: Inode;
    try {
      inode = this.#find(path);
    } catch {
      return;
    }
    if (isDirectory(inode)) {
      for (const name of inode.names.keys()) await this.remove(join(path, name));
    }
    this.directory(dirname(path)).names.delete(basename(path));
  }

  async list(path: string): Promise<string[]> {
    this.#operate();
    return [...this.directory(path).names.keys()];
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    this.#operate();
    const { content } = this.file(path);
    yield content.subarray(0, content.length >> 1);
    yield content.subarray(content.length >> 1);
  }

  /** The disk when the power is back. */
  afterPowerLoss(random: (n: number) => number): SimulatedDisk {
    const disk = new SimulatedDisk();
    const survivors = new Map<Inode, Inode>();
    const survivor = (inode: Inode): Inode => {
      const known = survivors.get(inode);
      if (known) return known;
      let result: Inode;
      if (isDirectory(inode)) {
        const names = new Map<string, Inode>();
        for (const name of new Set([...inode.synced.keys(), ...inode.names.keys()])) {
          const child = random(2) === 0 ? inode.synced.get(name) : inode.names.get(name);
          if (child) names.set(name, survivor(child));
        }
        result = { names, synced: new Map(names) };
      } else {
        const content = torn(inode, random);
        result = { content, synced: content };
      }
      survivors.set(inode, result);
      return result;
    };
    disk.root = survivor(this.root) as SimulatedDirectory;
    return disk;
  }

  /** The disk when the process alone was killed: nothing is lost, and nothing is synced that was not. */
  afterKill(): SimulatedDisk {
    const disk = new SimulatedDisk();
    disk.root = this.root;
    return disk;
  }
}

function torn({ content, synced }: SimulatedFile, random: (n: number) => number): Buffer {
  if (content === synced) return content;
  if (random(4) === 0) return synced;
  if (random(4) === 0) return content;
  const kept = Buffer.from(content.subarray(0, random(content.length + 1)));
  const tail = Buffer.alloc(random(content.length - kept.length + 1), random(2) === 0 ? 0 : 0xa5);
  return Buffer.concat([kept, tail]);
}

const runDirectory = '/runs/tiny';

/** What a run saves at a step: the bits are a function of the step, as those of a real run are. */
function filesOf(step: number): Map<string, FileContent> {
  const weights = Buffer.alloc(40, `weights of ${step};`);
  return new Map<string, FileContent>([
    ['model.safetensors', () => [weights.subarray(0, 17), weights.subarray(17)]],
    ['state.json', Buffer.from(`{"step":${step}}`)],
  ]);
}

async function contentOf(disk: SimulatedDisk, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of disk.read(path)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

interface Verdict {
  /** Resumes from content that no step ever saved. */
  corrupt: number;
  /** Resumes from before the last checkpoint that was acknowledged, or not at all. */
  lost: number;
  /** Whole checkpoints taken for damaged, or half ones under a final name. */
  damaged: number;
}

/** A run that is saved, cut off and resumed several times over. */
async function live(seed: number, verdict: Verdict, skips: SimulatedDisk['skips']): Promise<void> {
  const random = randomOf(seed);
  let disk = new SimulatedDisk();
  disk.root.names.set('runs', newDirectory());
  disk.root.synced = new Map(disk.root.names);
  const capacity = random(3) === 0 ? 1100 + random(600) : Number.POSITIVE_INFINITY;
  let acknowledged = 0;
  for (let life = 0; life < 3; life++) {
    disk.skips = skips;
    disk.capacity = capacity;
    disk.untilLoss = 1 + random(90);
    try {
      const { latest, damaged } = await findCheckpoints(runDirectory, { fs: disk });
      verdict.damaged += damaged.length;
      if ((latest?.step ?? 0) < acknowledged) verdict.lost++;
      for (const [name, path] of latest?.files ?? []) {
        const expected = filesOf(latest?.step ?? 0).get(name);
        const text =
          typeof expected === 'function' ? Buffer.alloc(40, `weights of ${latest?.step};`) : expected;
        const untilLoss = disk.untilLoss;
        if ((await contentOf(disk, path)) !== text?.toString()) verdict.corrupt++;
        disk.untilLoss = untilLoss;
      }
      acknowledged = latest?.step ?? 0;
      for (let step = acknowledged + 1; ; step++) {
        const best = random(2) === 0 ? Math.max(1, step - random(5)) : undefined;
        const result = await saveCheckpoint(runDirectory, step, filesOf(step), {
          fs: disk,
          keep: 2,
          ...(best !== undefined && { best }),
        });
        if (result.saved) acknowledged = step;
      }
    } catch (error) {
      if (error instanceof FileError) {
        verdict.lost++;
        return;
      }
      if (!(error instanceof PowerLost)) throw error;
    }
    disk = random(3) === 0 ? disk.afterKill() : disk.afterPowerLoss(random);
  }
}

async function judge(seeds: number, skips: SimulatedDisk['skips'] = () => false): Promise<Verdict> {
  const verdict = { corrupt: 0, lost: 0, damaged: 0 };
  for (let seed = 1; seed <= seeds; seed++) await live(seed, verdict, skips);
  return verdict;
}

describe('a run that loses power', () => {
  const seeds = Number(process.env.UNMASK_POWER_SEEDS ?? 400);

  test(`loses no acknowledged checkpoint and loads no damaged one, in ${seeds} lives of three cuts`, async () => {
    assert.deepEqual(await judge(seeds), { corrupt: 0, lost: 0, damaged: 0 });
  });

  test('keeps what it saved after a kill at any operation of the first save', async () => {
    const random = randomOf(1);
    let kills = 0;
    for (let n = 1; ; n++) {
      const first = new SimulatedDisk();
      first.root.names.set('runs', newDirectory());
      first.root.synced = new Map(first.root.names);
      first.untilLoss = n;
      const killed = await saveCheckpoint(runDirectory, 1, filesOf(1), { fs: first }).catch(
        (error: unknown) => error instanceof PowerLost,
      );
      if (killed !== true) break;
      kills++;
      const second = first.afterKill();
      await findCheckpoints(runDirectory, { fs: second });
      assert.ok((await saveCheckpoint(runDirectory, 2, filesOf(2), { fs: second })).saved);
      for (let cut = 0; cut < 8; cut++) {
        const { latest } = await findCheckpoints(runDirectory, { fs: second.afterPowerLoss(random) });
        assert.equal(latest?.step, 2, `killed at operation ${n}`);
      }
    }
    assert.ok(kills > 15, `only ${kills} operations`);
  });

  // each control leaves out one sync of the protocol; a simulator that doesn't mind would prove nothing
  const controls: [name: string, skips: SimulatedDisk['skips']][] = [
    ['its files', (kind) => kind === 'file'],
    ['the manifest', (kind, path) => kind === 'file' && path.endsWith('MANIFEST.json')],
    ["the new checkpoint's directory", (kind, path) => kind === 'directory' && path.includes('.tmp-')],
    ['the directory of checkpoints', (kind, path) => kind === 'directory' && path.endsWith('/checkpoints')],
    ["the run's directory", (kind, path) => kind === 'directory' && path === runDirectory],
    ["the directory above the run's", (kind, path) => kind === 'directory' && path === '/runs'],
  ];
  for (const [name, skips] of controls) {
    test(`would lose checkpoints if ${name} were not synced`, async () => {
      const { corrupt, lost, damaged } = await judge(80, skips);
      assert.equal(corrupt, 0, 'the hashes still keep damage out');
      assert.ok(lost + damaged > 0, 'the simulator did not notice the missing sync');
    });
  }
});

describe('a save on a disk that fails', () => {
  for (const failure of ['EIO', 'ENOSPC']) {
    test(`with ${failure} at any operation leaves the earlier checkpoint, nothing half-written, and can be tried again`, async () => {
      let failures = 0;
      for (let n = 1; ; n++) {
        const disk = new SimulatedDisk();
        disk.root.names.set('runs', newDirectory());
        for (const step of [1, 2])
          await saveCheckpoint(runDirectory, step, filesOf(step), { fs: disk, keep: 2 });
        disk.untilFailure = n;
        disk.failure = failure;
        const result = await saveCheckpoint(runDirectory, 3, filesOf(3), { fs: disk, keep: 2 });
        if (disk.untilFailure > 0) break; // the save ended before the operation that was to fail
        failures++;
        disk.untilFailure = Number.POSITIVE_INFINITY;
        const { latest, damaged } = await findCheckpoints(runDirectory, { fs: disk });
        assert.deepEqual(damaged, []);
        assert.equal(latest?.step, result.saved ? 3 : 2, `operation ${n}`);
        if (!result.saved) assert.match(result.error.message, new RegExp(failure));
        assert.ok(!disk.directory(join(runDirectory, 'checkpoints')).names.has('.tmp-step-000000003'));
        const again = await saveCheckpoint(runDirectory, 4, filesOf(4), { fs: disk, keep: 2 });
        assert.ok(again.saved);
      }
      assert.ok(failures > 15, `only ${failures} operations`);
    });
  }

  test('that holds two checkpoints goes on saving although three should be kept', async () => {
    const disk = new SimulatedDisk();
    disk.root.names.set('runs', newDirectory());
    const first = await saveCheckpoint(runDirectory, 1, filesOf(1), { fs: disk });
    assert.ok(first.saved);
    disk.capacity = Math.floor(2.5 * first.bytes);
    for (let step = 2; step < 8; step++) {
      const result = await saveCheckpoint(runDirectory, step, filesOf(step), { fs: disk });
      assert.ok(result.saved, `step ${step}`);
      assert.deepEqual(result.deleted, step < 3 ? [] : [step - 2]);
    }
  });

  test('that holds one checkpoint keeps that one and says that the disk is full', async () => {
    const disk = new SimulatedDisk();
    disk.root.names.set('runs', newDirectory());
    const first = await saveCheckpoint(runDirectory, 1, filesOf(1), { fs: disk });
    assert.ok(first.saved);
    disk.capacity = Math.floor(1.5 * first.bytes);
    const second = await saveCheckpoint(runDirectory, 2, filesOf(2), { fs: disk });
    assert.ok(!second.saved);
    assert.match(second.error.message, /expected room to save a checkpoint, found a full disk \(ENOSPC\)/);
    assert.deepEqual([...disk.directory(join(runDirectory, 'checkpoints')).names.keys()], ['step-000000001']);
  });

  test('deletes neither the best checkpoint nor the only whole one to make room', async () => {
    const disk = new SimulatedDisk();
    disk.root.names.set('runs', newDirectory());
    let bytes = 0;
    for (const step of [1, 2, 3]) {
      const result = await saveCheckpoint(runDirectory, step, filesOf(step), { fs: disk });
      bytes = result.saved ? result.bytes : bytes;
    }
    disk.file(join(runDirectory, 'checkpoints/step-000000003/state.json')).content = Buffer.from('rot');
    disk.capacity = Math.floor(3.2 * bytes);
    const result = await saveCheckpoint(runDirectory, 4, filesOf(4), { fs: disk, best: 1 });
    assert.deepEqual(result.deleted, [3]);
    assert.ok(result.saved);
  });
});

describe('bit rot', () => {
  test('in any file of the newest checkpoint is found, and the one before is used, 500 times', async () => {
    const random = randomOf(7);
    const directory = join(runDirectory, 'checkpoints/step-000000002');
    for (let i = 0; i < 500; i++) {
      const disk = new SimulatedDisk();
      disk.root.names.set('runs', newDirectory());
      for (const step of [1, 2]) await saveCheckpoint(runDirectory, step, filesOf(step), { fs: disk });
      const name = ['MANIFEST.json', 'model.safetensors', 'state.json'][random(3)];
      const file = disk.file(join(directory, name));
      file.content = Buffer.from(file.content);
      const at = random(file.content.length);
      file.content[at] ^= 1 << random(8);
      const { latest, damaged } = await findCheckpoints(runDirectory, { fs: disk });
      assert.equal(latest?.step, 1, `byte ${at} of ${name}`);
      assert.equal(damaged.length, 1);
      assert.ok(disk.directory(join(runDirectory, 'checkpoints')).names.has('.bad-step-000000002-1'));
    }
  });
});
