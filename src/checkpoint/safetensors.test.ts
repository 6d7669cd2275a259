import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { goldenRoot } from '../../test/reference.ts';
import { writeSafetensors } from '../../test/write-safetensors.ts';
import { FileError, InvariantError, UnsupportedError } from '../base/errors.ts';
import { itemSizes } from './dtype.ts';
import { type DurableFs, nodeFs } from './durable-fs.ts';
import { withFile } from './open-file.ts';
import { openSafetensors, readFloats, readRaw } from './safetensors.ts';
import { type Numbers, safetensorsPieces, type TensorToWrite } from './safetensors-pieces.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unmask-safetensors-'));
});
after(() => rm(folder, { recursive: true }));

const words = (...bits: number[]): Float32Array => new Float32Array(new Uint32Array(bits).buffer);
const bitsOf = (data: Float32Array): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, data.length);

describe('a written file', () => {
  test('has the bytes that the format prescribes, its data from a multiple of 64 on', async () => {
    const path = join(folder, 'bytes.safetensors');
    const data = Float32Array.of(1, -2);
    await writeSafetensors(path, [{ name: 'w', shape: [2], data }], { format: 'pt' });
    const text = '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const expected = Buffer.alloc(8 + 120 + 8, ' ');
    expected.writeBigUInt64LE(120n, 0);
    expected.write(text, 8);
    Buffer.from('0000803f000000c0', 'hex').copy(expected, 128);
    assert.deepEqual(await readFile(path), expected);
  });

  test('gives back every kind of data, bit for bit, aligned to its elements', async () => {
    const path = join(folder, 'kinds.safetensors');
    const odd = Float32Array.from({ length: 3 }, (_, i) => i / 3);
    const raw = Uint8Array.from({ length: 24 }, (_, i) => i * 11);
    const tensors: (TensorToWrite & { data: Numbers })[] = [
      { name: 'u8', shape: [3], data: Uint8Array.of(1, 2, 255) },
      { name: 'f32', shape: [3, 1], data: odd },
      { name: 'i32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) },
      { name: 'f16', shape: [3], data: odd, dtype: 'F16' },
      { name: 'i64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
      { name: 'f64', shape: [], data: Float64Array.of(0.1) },
      { name: 'bf16', shape: [3], data: odd, dtype: 'BF16' },
      { name: 'empty', shape: [0, 5], data: new Float32Array(0) },
      { name: '__proto__', shape: [1], data: Int32Array.of(7) },
      { name: '7', shape: [1], data: Int32Array.of(8) },
      { name: 'ü "quoted"\n', shape: [1], data: Int32Array.of(9) },
      ...(['BOOL', 'I8', 'F8_E4M3', 'F8_E5M2', 'I16', 'U16', 'U32', 'U64', 'C64'] as const).map((dtype) => ({
        name: dtype,
        shape: [24 / itemSizes[dtype]],
        data: raw,
        dtype,
      })),
    ];
    await writeSafetensors(path, tensors, { a: 'b', __proto__x: 'ü' });
    const file = await openSafetensors(path);
    assert.deepEqual(
      [...file.metadata],
      [
        ['a', 'b'],
        ['__proto__x', 'ü'],
      ],
    );
    assert.equal(file.tensors.size, tensors.length);
    for (const { name, shape, data, dtype } of tensors) {
      const entry = file.tensors.get(name);
      assert.ok(entry, name);
      assert.deepEqual(entry.shape, shape);
      assert.equal(entry.offset % itemSizes[entry.dtype], 0, name);
      if (dtype === 'F16' || dtype === 'BF16') continue;
      const bytes = await readRaw(file, name);
      assert.deepEqual(bytes, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), name);
    }
    const first = file.tensors.values().next().value;
    assert.equal(first && first.offset % 64, 0);
    // 1/3 = 1.0101010101|01 · 2^-2 in F16, 1.0101011 · 2^-2 in BF16
    assert.deepEqual((await readFloats(file, 'f16')).data, Float32Array.of(0, 1365 / 4096, 1365 / 2048));
    assert.deepEqual((await readFloats(file, 'bf16')).data, Float32Array.of(0, 171 / 512, 171 / 256));
    assert.deepEqual(await readFloats(file, 'f64'), { shape: [], data: Float32Array.of(0.1) });
    assert.deepEqual(await readFloats(file, 'empty'), { shape: [0, 5], data: new Float32Array(0) });
  });

  test('keeps NaNs, infinities, denormals and the sign of zero', async () => {
    const path = join(folder, 'special.safetensors');
    const data = words(0x7fc12345, 0xff800001, 0x7f800000, 0xff800000, 1, 0x807fffff, 0x80000000, 0);
    await writeSafetensors(path, [
      { name: 'f32', shape: [8], data },
      { name: 'f16', shape: [8], data, dtype: 'F16' },
      { name: 'bf16', shape: [8], data, dtype: 'BF16' },
    ]);
    const file = await openSafetensors(path);
    assert.deepEqual(bitsOf((await readFloats(file, 'f32')).data), bitsOf(data));
    assert.deepEqual(
      [...bitsOf((await readFloats(file, 'f16')).data)].map((bits) => bits.toString(16)),
      ['7fc12000', 'ffc00000', '7f800000', 'ff800000', '0', '80000000', '80000000', '0'],
    );
    assert.deepEqual(
      [...bitsOf((await readFloats(file, 'bf16')).data)].map((bits) => bits.toString(16)),
      ['7fc10000', 'ffc00000', '7f800000', 'ff800000', '0', '80800000', '80000000', '0'],
    );
  });

  test('is right where a tensor is longer than one piece, whatever the type', async () => {
    const path = join(folder, 'long.safetensors');
    const length = (1 << 20) + 3;
    const data = Float32Array.from({ length }, (_, i) => (i % 2048) / 1024 - 1);
    const exact = data.map((value) => Math.round(value * 128) / 128);
    const wide = Float64Array.from(exact);
    await writeSafetensors(path, [
      { name: 'F64', shape: [length], data: wide },
      { name: 'F32', shape: [length], data: exact },
      { name: 'F16', shape: [length], data: exact, dtype: 'F16' },
      { name: 'BF16', shape: [length], data: exact, dtype: 'BF16' },
    ]);
    const file = await openSafetensors(path);
    for (const name of file.tensors.keys()) {
      const read = await readFloats(file, name);
      assert.equal(Buffer.compare(Buffer.from(read.data.buffer), Buffer.from(exact.buffer)), 0, name);
    }
  });

  test('can be made of part of a larger array', async () => {
    const path = join(folder, 'part.safetensors');
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    await writeSafetensors(path, [{ name: 'w', shape: [2], data }]);
    assert.deepEqual((await readFloats(await openSafetensors(path), 'w')).data, Float32Array.of(1, 2));
  });

  test('can be made twice from the same generator of tensors', async () => {
    const path = join(folder, 'generator.safetensors');
    function* tensors(): Generator<TensorToWrite> {
      yield { name: 'w', shape: [1], data: Float32Array.of(4) };
    }
    await writeSafetensors(path, tensors());
    assert.deepEqual((await readFloats(await openSafetensors(path), 'w')).data, Float32Array.of(4));
  });

  test('may be made of pieces, in the order given where all are aligned in it', async () => {
    const path = join(folder, 'pieces.safetensors');
    const numbers = Float32Array.from({ length: 7 * 3 }, (_, i) => i / 4);
    async function* pieces() {
      yield numbers.subarray(0, 6);
      yield numbers.subarray(6);
    }
    await writeSafetensors(path, [
      { name: 'bytes', shape: [4], data: Uint8Array.of(1, 2, 3, 4) },
      { name: 'made', shape: [7, 3], dtype: 'F32', data: pieces },
      { name: 'halves', shape: [21], dtype: 'F16', data: pieces },
    ]);
    const file = await openSafetensors(path);
    assert.deepEqual([...file.tensors.keys()], ['bytes', 'made', 'halves']);
    assert.deepEqual(await readFloats(file, 'made'), { shape: [7, 3], data: numbers });
    assert.deepEqual((await readFloats(file, 'halves')).data, numbers);
    const rows = { first: 2, count: 3 };
    assert.deepEqual(await readFloats(file, 'made', rows), { shape: [3, 3], data: numbers.slice(6, 15) });
    assert.deepEqual((await readFloats(file, 'halves', rows)).data, numbers.slice(2, 5));
    await assert.rejects(readFloats(file, 'made', { first: 5, count: 3 }), InvariantError);
    const short = { name: 'short', shape: [22], dtype: 'F32', data: pieces } as const;
    await assert.rejects(writeSafetensors(join(folder, 'short'), [short]), InvariantError);
    const untyped = { name: 'untyped', shape: [21], data: pieces };
    await assert.rejects(writeSafetensors(join(folder, 'untyped'), [untyped]), InvariantError);
  });

  test('is refused when names repeat, a shape and its data disagree, or a type cannot be had', async () => {
    const data = Float32Array.of(1, 2);
    const wrong: TensorToWrite[][] = [
      [{ name: 'w', shape: [3], data }],
      [{ name: 'w', shape: [-1, -2], data }],
      [{ name: 'w', shape: [0.5, 4], data }],
      [{ name: 'w', shape: [2], data, dtype: 'I32' }],
      [{ name: 'w', shape: [2], data: Int32Array.of(1, 2), dtype: 'F16' }],
      [{ name: 'w', shape: [2], data: Uint8Array.of(1, 2), dtype: 'F16' }],
      [
        { name: 'w', shape: [2], data },
        { name: 'w', shape: [2], data },
      ],
      [{ name: '__metadata__', shape: [2], data }],
      [{ name: '\ud800', shape: [2], data }],
    ];
    for (const tensors of wrong) {
      await assert.rejects(safetensorsPieces(tensors).next(), InvariantError, JSON.stringify(tensors));
    }
  });
});

describe('a write that fails', () => {
  const tensor: TensorToWrite = { name: 'w', shape: [1 << 19], data: new Float32Array(1 << 19) };

  test('leaves the old file as it was and nothing half-written', async () => {
    const directory = await mkdtemp(join(folder, 'full-'));
    const path = join(directory, 'model.safetensors');
    await writeFile(path, 'the old file');
    for (const failing of ['write', 'sync'] as const) {
      const fs: DurableFs = {
        ...nodeFs,
        async create(name) {
          const file = await nodeFs.create(name);
          const full = async (): Promise<never> => {
            throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
          };
          return { write: file.write, sync: file.sync, close: file.close, [failing]: full };
        },
      };
      await assert.rejects(writeSafetensors(path, [tensor], {}, { fs }), (error) => {
        assert.ok(error instanceof FileError);
        assert.equal(
          error.message,
          `${path}: expected a file that can be written, found a full disk (ENOSPC); free some space`,
        );
        return true;
      });
      assert.deepEqual(await readdir(directory), ['model.safetensors']);
      assert.equal(await readFile(path, 'utf8'), 'the old file');
    }
  });

  test('into a directory that is not there says so', async () => {
    const path = join(folder, 'nowhere', 'model.safetensors');
    await assert.rejects(writeSafetensors(path, []), /nothing there \(ENOENT\); check the path/);
  });
});

describe('what is no file to read', () => {
  test('is refused at once: nothing, a directory, a pipe, devices, a process memory, a link in a circle', async () => {
    const pipe = join(folder, 'pipe');
    const circle = join(folder, 'circle');
    await symlink(circle, circle);
    const cases: [path: string, reason: RegExp][] = [
      [join(folder, 'absent'), /nothing there \(ENOENT\)/],
      [folder, /expected a regular file, found a directory/],
      [circle, /links that lead in a circle|ELOOP/],
    ];
    if (process.platform === 'linux') {
      execFileSync('mkfifo', [pipe]);
      cases.push([pipe, /found a pipe/], ['/dev/zero', /found a device/], ['/proc/self/mem', /only 0 bytes/]);
    }
    for (const [path, reason] of cases) {
      const start = cpuMs();
      await assert.rejects(openSafetensors(path), (error) => {
        assert.ok(error instanceof FileError, String(error));
        assert.match(error.message, reason);
        return true;
      });
      assert.ok(cpuMs() - start < 5000, path);
    }
  });

  test('may be terabytes, and sparse', async () => {
    const path = join(folder, 'sparse');
    const handle = await open(path, 'w');
    await handle.truncate(2 ** 41).catch(() => handle.truncate(2 ** 31)); // some file systems hold no more
    await handle.close();
    await assert.rejects(openSafetensors(path), /begins with \{/);
  });

  test('may have changed since it was opened: longer, shorter, another one', async () => {
    const path = join(folder, 'changing.safetensors');
    const write = (): Promise<void> =>
      writeSafetensors(path, [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }]);
    for (const change of [() => appendFile(path, 'x'), () => truncate(path, 130), write, () => rm(path)]) {
      await write();
      const file = await openSafetensors(path);
      await change();
      await assert.rejects(readFloats(file, 'w'), /a changed one; load it again|nothing there/);
      await assert.rejects(readRaw(file, 'w'), FileError);
    }
  });
});

test('a file that is cut while it is read is a FileError, and a read outside of it is our own mistake', async () => {
  const path = join(folder, 'cut');
  await writeFile(path, '0123456789');
  await withFile(path, async (file) => {
    await assert.rejects(file.readInto(new Uint8Array(4), 7), InvariantError);
    await assert.rejects(file.readInto(new Uint8Array(1), -1), InvariantError);
    await truncate(path, 3);
    await assert.rejects(file.readInto(new Uint8Array(4), 2), (error) => {
      assert.ok(error instanceof FileError);
      assert.match(error.message, /expected 6 bytes or more, found 3; it was cut while it was read/);
      return true;
    });
  });
});

test('asking for a tensor that is not there, or floats of what has none, says so', async () => {
  const path = join(folder, 'types.safetensors');
  await writeSafetensors(path, [{ name: 'ids', shape: [1], data: Int32Array.of(1) }]);
  const file = await openSafetensors(path);
  await assert.rejects(readFloats(file, 'x'), /expected a tensor "x", found 1 others/);
  await assert.rejects(readFloats(file, 'ids'), UnsupportedError);
});

test('every recorded file opens, and is written again with the same tensors', async () => {
  const names = (await readdir(goldenRoot, { recursive: true })).filter((name) =>
    name.endsWith('.safetensors'),
  );
  assert.ok(names.length >= 20);
  for (const name of names) {
    const file = await openSafetensors(join(goldenRoot, name));
    const tensors: TensorToWrite[] = [];
    for (const { name, shape, dtype, byteLength } of file.tensors.values()) {
      const data = await readRaw(file, name);
      assert.equal(data.length, byteLength);
      tensors.push({ name, shape, dtype, data });
      if (/^B?F\d/.test(dtype))
        assert.equal((await readFloats(file, name)).data.length, byteLength / itemSizes[dtype]);
    }
    const path = join(folder, 'copy.safetensors');
    await writeSafetensors(path, tensors, Object.fromEntries(file.metadata));
    const copy = await openSafetensors(path);
    assert.deepEqual(new Set(copy.tensors.keys()), new Set(file.tensors.keys()));
    for (const { name, data } of tensors) assert.deepEqual(await readRaw(copy, name), data);
  }
});
