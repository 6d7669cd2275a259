import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../../test/cpu-time.ts';
import { type Entry, ggufBytes, type TensorData } from '../../../test/gguf-writer.ts';
import { FileError, UnsupportedError } from '../../base/errors.ts';
import type { RangeReader } from '../range-reader.ts';
import { type GgufHeader, readGgufHeader } from './header.ts';

/** A file in memory. Whoever reads outside of it, or opens another, fails the test. */
function fileOf(bytes: Uint8Array): RangeReader {
  return {
    path: 'hostile.gguf',
    size: bytes.length,
    async readInto(target, offset) {
      if (!(offset >= 0 && offset + target.length <= bytes.length))
        throw new RangeError(`read of ${target.length} bytes at ${offset} of ${bytes.length}`);
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

const entries: readonly Entry[] = [
  ['general.architecture', 'text', 'llada'],
  ['a.u8', 'u8', 255],
  ['a.i8', 'i8', -1],
  ['a.u16', 'u16', 65_535],
  ['a.i16', 'i16', -2],
  ['a.u32', 'u32', 4_294_967_295],
  ['a.i32', 'i32', -3],
  ['a.f32', 'f32', 0.5],
  ['a.bool', 'bool', true],
  ['a.u64', 'u64', 2n ** 64n - 1n],
  ['a.small', 'u64', 7],
  ['a.i64', 'i64', -(2n ** 63n)],
  ['a.f64', 'f64', Math.PI],
  ['a.texts', 'text', ['', 'é模😀', 'plain']],
  ['a.numbers', 'f32', [1, -2, 0.25]],
  ['a.flags', 'bool', [true, false]],
  ['a.longs', 'u64', [1n, 2n ** 63n]],
  ['a.none', 'text', []],
];
const tensors: readonly TensorData[] = [
  { name: 'one.w', dimensions: [32, 3], type: 8, bytes: new Uint8Array(102).fill(1) },
  { name: 'two.b', dimensions: [5], type: 0, bytes: new Uint8Array(20).fill(2) },
  { name: 'three.h', dimensions: [2, 2, 2], type: 30, bytes: new Uint8Array(16).fill(3) },
];
const good = ggufBytes({ entries, tensors });

test('every type of value is read, and tensors are where they are', async () => {
  const { version, metadata, tensors: found } = await readGgufHeader(fileOf(good));
  assert.equal(version, 3);
  assert.deepEqual(
    [...metadata],
    [
      ...entries.slice(0, 14).map(([key, , value]) => [key, value]),
      ['a.numbers', Float32Array.of(1, -2, 0.25)],
      ['a.flags', Uint8Array.of(1, 0)],
      ['a.longs', BigUint64Array.of(1n, 2n ** 63n)],
      ['a.none', []],
    ],
  );
  assert.deepEqual(
    Array.from(found.values(), ({ name, type, shape, byteLength }) => [name, type.name, shape, byteLength]),
    [
      ['one.w', 'Q8_0', [3, 32], 102],
      ['two.b', 'F32', [5], 20],
      ['three.h', 'BF16', [2, 2, 2], 16],
    ],
  );
  for (const [i, { offset }] of [...found.values()].entries()) {
    assert.equal(offset % 32, 0);
    assert.deepEqual([good[offset - 1], good[offset]], [0, i + 1]);
  }
});

test('a header that is longer than what is read first is read whole', async () => {
  const texts = Array.from({ length: 60_000 }, (_, i) => `token ${i}`);
  const { metadata, tensors: found } = await readGgufHeader(
    fileOf(ggufBytes({ entries: [['texts', 'text', texts]], tensors })),
  );
  assert.deepEqual(metadata.get('texts'), texts);
  assert.equal(found.size, 3);
});

const small: readonly Entry[] = [['k', 'u32', 7]];
/** The first and only tensor: two numbers of F32, unless something else is said. */
const one = (change: Partial<TensorData> = {}): Buffer =>
  ggufBytes({
    entries: small,
    tensors: [{ name: 't', dimensions: [2], type: 0, bytes: new Uint8Array(8), ...change }],
  });

/** The file with some bytes replaced; `at` counts from the end of a text that is found in it. */
function patched(file: Buffer, after: string, at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(file);
  copy.set(bytes, copy.indexOf(after) + after.length + at);
  return copy;
}
const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)];
const most = 2n ** 64n - 1n;
/** In a file of `one`: where after "GGUF" and after the name "t" the fields are. */
const [version, tensorCount, keyCount, keyLength] = [0, 4, 12, 20];
const [rank, dimension, type, offset] = [0, 4, 12, 16];

const list = (elementType: number, count: bigint, ...rest: number[]): Buffer =>
  Buffer.concat([
    good.subarray(0, 4),
    Buffer.from([
      ...u32(3),
      ...u64(0n),
      ...u64(1n),
      ...u64(1n),
      0x6b,
      ...u32(9),
      ...u32(elementType),
      ...u64(count),
    ]),
    Buffer.from(rest),
  ]);
const nested = (depth: number): Buffer =>
  list(9, 1n, ...Array.from({ length: depth }, () => [...u32(9), ...u64(1n)]).flat(), ...u32(0), ...u64(0n));

const refused: readonly (readonly [name: string, file: Uint8Array, message: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /a GGUF file, found only 0 bytes/],
  ['only the magic', Buffer.from('GGUF'), /only 4 bytes/],
  ['another magic', Buffer.concat([Buffer.from('GGML'), good.subarray(4)]), /begins with "GGML"/],
  ['a safetensors file', Buffer.from(`\x30\0\0\0\0\0\0\0{"a":{"dtype":"F32"}}`), /a GGUF file/],
  ['version 0', patched(good, 'GGUF', version, u32(0)), /GGUF version 0; supported are 2 and 3/],
  ['version 1', patched(good, 'GGUF', version, u32(1)), /GGUF version 1/],
  ['version 4', patched(good, 'GGUF', version, u32(4)), /GGUF version 4/],
  ['version 99', patched(good, 'GGUF', version, u32(99)), /GGUF version 99/],
  ['the other byte order', patched(good, 'GGUF', version, [0, 0, 0, 3]), /a file for big-endian machines/],
  // counts
  [
    '2^64 − 1 tensors',
    patched(good, 'GGUF', tensorCount, u64(most)),
    /at most \d+ tensors.* found 18446744073709551615/,
  ],
  ['2^53 tensors', patched(good, 'GGUF', tensorCount, u64(2n ** 53n)), /at most \d+ tensors/],
  ['one tensor more', patched(good, 'GGUF', tensorCount, u64(4n)), /a multiple of 32/],
  ['2^64 − 1 keys', patched(good, 'GGUF', keyCount, u64(most)), /at most \d+ keys/],
  ['2^63 keys', patched(good, 'GGUF', keyCount, u64(2n ** 63n)), /at most \d+ keys/],
  ['one key more', patched(good, 'GGUF', keyCount, u64(19n)), /byte|bytes/],
  ['one key fewer', patched(good, 'GGUF', keyCount, u64(17n)), /dimensions|bytes|type/],
  ['a key of 2^64 − 1 bytes', patched(good, 'GGUF', keyLength, u64(most)), /bytes of text/],
  ['a key longer than the file', patched(good, 'GGUF', keyLength, u64(1n << 20n)), /bytes of text/],
  ['a key that is not UTF-8', patched(good, 'GGUF', 28, [0xff]), /a text in UTF-8/],
  ['a text of 2^32 bytes', patched(good, 'general.architecture', 4, u64(2n ** 32n)), /bytes of text/],
  // values
  ['a value of type 13', patched(one(), 'k', 0, u32(13)), /a type of value from 0 to 12/],
  ['a value of type 2^32 − 1', patched(one(), 'k', 0, u32(2 ** 32 - 1)), /a type of value/],
  ['a boolean of 2', patched(good, 'a.bool', 4, [2]), /0 or 1/],
  ['a list of booleans with a 2', list(7, 2n, 1, 2), /a list of 0 and 1/],
  ['a list of type 13', list(13, 0n), /a type of value from 0 to 12/],
  ['a list of 2^64 − 1 bytes', list(0, most, 1), /at most 1 elements/],
  ['a list of 2^61 numbers of 8 bytes', list(10, 2n ** 61n, 1), /at most 0 elements/],
  ['a list of 2^62 numbers of 4 bytes', list(4, 2n ** 62n), /at most 0 elements/],
  ['a list of 2^60 texts', list(8, 2n ** 60n), /at most 0 elements/],
  ['a list of one number more than there are', list(4, 3n, ...u32(1), ...u32(2)), /at most 2 elements/],
  ['lists in lists, five deep', nested(4), /lists at most 4 deep/],
  ['lists in lists, a thousand deep', nested(1000), /lists at most 4 deep/],
  ['a key twice', ggufBytes({ entries: [...small, ...small], tensors: [] }), /two keys "k"/],
  [
    'a key twice with other values',
    ggufBytes({ entries: [...small, ['k', 'u8', 1]], tensors: [] }),
    /two keys "k"/,
  ],
  // alignment
  [
    'an alignment of 0',
    ggufBytes({ entries: [['general.alignment', 'u32', 0]], tensors: [] }),
    /a power of two/,
  ],
  [
    'an alignment of 13',
    ggufBytes({ entries: [['general.alignment', 'u32', 13]], tensors: [] }),
    /a power of two/,
  ],
  [
    'a negative alignment',
    ggufBytes({ entries: [['general.alignment', 'i32', -32]], tensors: [] }),
    /a power of two/,
  ],
  [
    'an alignment that is a text',
    ggufBytes({ entries: [['general.alignment', 'text', '32']], tensors: [] }),
    /a power/,
  ],
  [
    'an alignment that is a list',
    ggufBytes({ entries: [['general.alignment', 'u32', [32]]], tensors: [] }),
    /a power/,
  ],
  [
    'an alignment beyond the file',
    ggufBytes({ entries: [['general.alignment', 'u32', 2 ** 31]], tensors }),
    /"two.b" to begin at a multiple of 2147483648/,
  ],
  // tensors
  ['a tensor name that is not UTF-8', patched(one(), 'k', 16, [0xff]), /a text in UTF-8/],
  ['five dimensions', one({ dimensions: [2, 1, 1, 1, 1] }), /"t" of at most 4 dimensions, found 5/],
  ['2^32 − 1 dimensions', patched(one(), 't', rank, u32(2 ** 32 - 1)), /at most 4 dimensions/],
  ['a dimension of 0', patched(one(), 't', dimension, u64(0n)), /dimensions from 1 to/],
  ['a dimension of 2^64 − 1', patched(one(), 't', dimension, u64(most)), /dimensions from 1 to/],
  ['a dimension of 2^53 − 1', patched(one(), 't', dimension, u64(2n ** 53n - 1n)), /fewer than 2\^53 bytes/],
  ['2^32 times 2^32 numbers', one({ dimensions: [2 ** 32, 2 ** 32] }), /fewer than 2\^53 bytes/],
  ['2^16 four times', one({ dimensions: [65536, 65536, 65536, 65536] }), /fewer than 2\^53 bytes/],
  ['one number more than there are bytes', one({ dimensions: [200] }), /inside the \d+ bytes of the file/],
  ['type 4, which was removed', one({ type: 4 }), /ggml's type 4, which is not known/],
  ['type 2^32 − 1', patched(one(), 't', type, u32(2 ** 32 - 1)), /type 4294967295/],
  ['half a block', one({ type: 8, dimensions: [16, 2] }), /whole blocks of Q8_0, 32 numbers each, found 16/],
  ['a row of half a super-block', one({ type: 12, dimensions: [128, 2] }), /whole blocks of Q4_K/],
  ['an offset that is not aligned', patched(one(), 't', offset, u64(4n)), /"t" to begin at a multiple of 32/],
  ['an offset of 2^64 − 32', patched(one(), 't', offset, u64(most - 31n)), /to begin at a multiple/],
  ['an offset of 2^53 − 32', patched(one(), 't', offset, u64(2n ** 53n - 32n)), /inside the \d+ bytes/],
  ['an offset at the end of the file', patched(one(), 't', offset, u64(32n)), /inside the \d+ bytes/],
  [
    'two tensors of one name',
    ggufBytes({ entries: small, tensors: [tensors[1], { ...tensors[1] }] }),
    /two tensors named "two.b"/,
  ],
  ['two tensors on the same bytes', patched(good, 'two.b', 16, u64(0n)), /an overlap/],
  ['a tensor inside another', patched(good, 'two.b', 16, u64(64n)), /an overlap/],
  // cut
  ...[24, 40, 100, 300, good.length - 200, good.length - 33].map((length): [string, Buffer, RegExp] => [
    `cut to ${length} bytes`,
    good.subarray(0, length),
    /found|bytes/,
  ]),
];

test(`each of ${refused.length} bad files is refused with its reason`, async (t) => {
  assert.ok(refused.length >= 60);
  assert.equal(new Set(refused.map(([name]) => name)).size, refused.length);
  await readGgufHeader(fileOf(one())); // so it's the fault that is refused, not what all have in common
  for (const [name, bytes, message] of refused) {
    await t.test(`refused: ${name}`, async () => {
      const start = cpuMs();
      await assert.rejects(readGgufHeader(fileOf(bytes)), (error) => {
        assert.ok(error instanceof FileError || error instanceof UnsupportedError, String(error));
        assert.match(error.message, message);
        assert.match(error.message, /^hostile\.gguf: /);
        return true;
      });
      assert.ok(cpuMs() - start < 2000, 'slow');
    });
  }
});

const accepted: readonly (readonly [name: string, file: Uint8Array, tensors: number])[] = [
  ['version 2', ggufBytes({ version: 2, entries, tensors }), 3],
  ['nothing in it', ggufBytes({ entries: [], tensors: [] }), 0],
  ['an alignment of 1', ggufBytes({ alignment: 1, entries, tensors }), 3],
  ['an alignment of 4,096', ggufBytes({ alignment: 4096, entries, tensors }), 3],
  ['lists in lists, four deep', nested(2), 0],
  ['bytes after the last tensor', Buffer.concat([good, Buffer.alloc(100)]), 3],
  ['a hole between tensors', Buffer.concat([patched(good, 'three.h', 32, u64(192n)), Buffer.alloc(32)]), 3],
  ['names of Object.prototype', one({ name: '__proto__' }), 1],
  ['an empty name', one({ name: '' }), 1],
  ['a name of 64 KB', one({ name: 'n'.repeat(65_536) }), 1],
];

test('what the format allows is not refused', async () => {
  for (const [name, bytes, count] of accepted) {
    const header = await readGgufHeader(fileOf(bytes)).catch((error: unknown) =>
      assert.fail(`${name}: ${error}`),
    );
    assert.equal(header.tensors.size, count, name);
  }
});

test('10,000 mutants of a file give a valid header or a typed error, fast, and no read outside of the file', async (t) => {
  let state = 12345;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * n);
  };
  const headerBytes = good.length - 192;
  const extremes = [0n, 1n, 13n, 255n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, most];
  const mutations: readonly ((bytes: Buffer) => Buffer)[] = [
    (bytes) => ((bytes[random(headerBytes)] ^= 1 << random(8)), bytes),
    (bytes) => ((bytes[random(headerBytes)] = random(256)), bytes),
    (bytes) => bytes.subarray(0, random(bytes.length + 1)),
    (bytes) => Buffer.concat([bytes, Buffer.alloc(random(40), random(256))]),
    (bytes) => {
      const value = extremes[random(extremes.length)];
      const at = random(Math.max(1, bytes.length - 8));
      if (bytes.length >= at + 8) bytes.writeBigUInt64LE(value, at);
      return bytes;
    },
    (bytes) => {
      if (bytes.length >= 24) bytes.writeUInt32LE(random(20), 4 + random(bytes.length - 8));
      return bytes;
    },
    (bytes) => {
      const at = random(bytes.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([random(256)]),
        bytes.subarray(at + random(3)),
      ]);
    },
    (bytes) => {
      bytes.copyWithin(random(bytes.length), random(bytes.length), random(bytes.length));
      return bytes;
    },
    // the structure stays whole, one field of it changes
    () => {
      const change = random(5);
      const types = [0, 1, 2, 4, 6, 8, 12, 14, 30, 39, 77];
      return ggufBytes({
        version: change === 0 ? random(5) : 3,
        alignment: change === 1 ? 1 + random(70) : undefined,
        entries: change === 2 ? [...entries, entries[random(entries.length)]] : entries,
        tensors: tensors.map((tensor) =>
          change === 3
            ? { ...tensor, type: types[random(types.length)] }
            : change === 4
              ? { ...tensor, dimensions: tensor.dimensions.map((d) => d * (1 + random(3))) }
              : tensor,
        ),
      });
    },
  ];
  let opened = 0;
  let slowestMs = 0;
  for (let i = 0; i < 10_000; i++) {
    let bytes: Buffer = Buffer.from(good);
    for (let n = 1 + random(3); n > 0 && bytes.length > 8; n--)
      bytes = Buffer.from(mutations[random(mutations.length)](bytes));
    const start = cpuMs();
    try {
      checkInside(await readGgufHeader(fileOf(bytes)), bytes.length);
      opened++;
    } catch (error) {
      if (!(error instanceof FileError || error instanceof UnsupportedError))
        throw new Error(`mutant ${i}: ${bytes.toString('base64')}`, { cause: error });
    }
    slowestMs = Math.max(slowestMs, cpuMs() - start);
  }
  assert.ok(opened > 100 && opened < 7000, `${opened} were opened: the mutations are too strong or too weak`);
  assert.ok(slowestMs < 1000, `${slowestMs} ms`);
  t.diagnostic(`${opened} opened, the slowest took ${slowestMs.toFixed(1)} ms`);
});

function checkInside({ tensors: found }: GgufHeader, size: number): void {
  let end = 0;
  for (const { offset, byteLength } of [...found.values()].sort((a, b) => a.offset - b.offset)) {
    assert.ok(offset >= end && offset + byteLength <= size);
    end = offset + byteLength;
  }
}

test('a header that is nothing but names is refused before it takes the memory', async () => {
  const keys = Array.from({ length: 100_001 }, (_, i): Entry => [`${i}`, 'u8', 0]);
  await assert.rejects(
    readGgufHeader(fileOf(ggufBytes({ entries: keys, tensors: [] }))),
    /at most 200000 tensors and 100000 keys/,
  );
});
