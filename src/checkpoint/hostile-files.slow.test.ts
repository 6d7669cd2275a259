import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../test/cpu-time.ts';
import { FileError } from '../base/errors.ts';
import type { RangeReader } from './range-reader.ts';
import { readHeader } from './tensor-reader.ts';

/** A file in memory. Whoever reads outside of it fails the test with an error that no parser may throw. */
function fileOf(bytes: Uint8Array, size = bytes.length): RangeReader {
  return {
    path: 'hostile.safetensors',
    size,
    async readInto(target, offset) {
      if (!(offset >= 0 && offset + target.length <= bytes.length)) {
        throw new RangeError(`read of ${target.length} bytes at ${offset} of ${bytes.length}`);
      }
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

/** A file with this header and so many bytes of data. */
function safetensors(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Buffer {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([prefix, text, Buffer.alloc(dataBytes)]);
}

/** The header's entry of a tensor of two F32, unless something else is said. */
const entry = (
  name: string,
  begin: number,
  end: number,
  dtype = 'F32',
  shape = `[${(end - begin) / 4}]`,
): string => `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const good = `{${entry('a', 0, 8)}}`;
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

/** Each a way to be wrong, and what the message has to say about it. */
const rejected: readonly [name: string, file: Uint8Array, reason: RegExp][] = [
  // the eight bytes of the length
  ['an empty file', Buffer.alloc(0), /only 0 bytes/],
  ['seven bytes', Buffer.alloc(7), /only 7 bytes/],
  ['a length of 0', safetensors(''), /begins with \{ at byte 8, found the end/],
  ['a length of 0 before data', safetensors('', 8), /begins with \{/],
  ['a length of 1 with {', safetensors('{'), /a string at byte 9, found the end/],
  ['a length one beyond the file', safetensors(good, 0, BigInt(good.length + 1)), /a length of 55/],
  ['a length that takes in the data', safetensors(good, 8, BigInt(good.length + 8)), /spaces to the end/],
  ['a length shorter than the header', safetensors(good, 8, BigInt(good.length - 1)), /, or \} at byte/],
  ['a length of 100,000,001', safetensors(good, 8, 100_000_001n), /a length of 100000001/],
  ['a length of 2^32', safetensors(good, 8, 1n << 32n), /a length of 4294967296/],
  ['a length of 2^53', safetensors(good, 8, 1n << 53n), /a length of 9007199254740992/],
  ['a length of 2^63', safetensors(good, 8, 1n << 63n), /a length of 9223372036854775808/],
  ['the largest length', safetensors(good, 8, (1n << 64n) - 1n), /a length of 18446744073709551615/],
  ['a GGUF file', Buffer.from('GGUF\x03\0\0\0\0\0\0\0\0\0\0\0'), /another kind of file/],
  ['a ZIP file', Buffer.from('PK\x03\x04\x14\0\0\0\0\0\0\0\0\0'), /another kind of file/],
  ['a text', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /another kind of file/],
  // what surrounds the JSON
  ['spaces before the brace', safetensors(` ${good}`, 8), /begins with \{/],
  ['a byte order mark', safetensors(`\ufeff${good}`, 8), /begins with \{/],
  ['a list', safetensors('[]'), /begins with \{/],
  ['null', safetensors('null'), /begins with \{/],
  ['a line feed as padding', safetensors(`${good}\n`, 8), /spaces to the end/],
  ['zeros as padding', safetensors(`${good}\0\0`, 8), /spaces to the end/],
  ['a second object', safetensors(`${good}{}`, 8), /spaces to the end/],
  // JSON
  ['a comma too many', safetensors(`{${entry('a', 0, 8)},}`, 8), /a string at byte/],
  ['a comma too few', safetensors(`{${entry('a', 0, 4)}${entry('b', 4, 8)}}`, 8), /, or \}/],
  ['a comment', safetensors(`{/**/${entry('a', 0, 8)}}`, 8), /a string at byte/],
  ['a name without quotes', safetensors('{a:{}}', 8), /a string at byte/],
  ['single quotes', safetensors(good.replaceAll('"', "'"), 8), /a string at byte/],
  ['no colon', safetensors(good.replace(':', ' '), 8), /: at byte/],
  ['an object that does not end', safetensors(good.slice(0, -1), 8), /, or \} at byte \d+, found the end/],
  ['a string that does not end', safetensors('{"a'), /the rest of a string .* found the end/],
  ['a backslash at the end', safetensors('{"a\\'), /the rest of a string/],
  ['a control character in a name', safetensors(good.replace('a', '\x01'), 8), /the rest of a string/],
  ['an escape that is none', safetensors(good.replace('a', '\\x'), 8), /whole escapes/],
  ['half of a surrogate pair', safetensors(good.replace('a', '\\ud800'), 8), /whole escapes/],
  ['bytes that are not UTF-8', safetensors(Buffer.from(good.replace('a', '\xff'), 'latin1'), 8), /in UTF-8/],
  ['an overlong zero', safetensors(Buffer.from(good.replace('a', '\xc0\x80'), 'latin1'), 8), /in UTF-8/],
  ['a list 100,000 deep', safetensors(`{"a":${deep}}`), /\{ at byte/],
  ['a shape 100,000 deep', safetensors(good.replace('[2]', deep), 8), /a whole number/],
  ['objects in objects', safetensors('{"a":'.repeat(50_000)), /dtype, shape and data_offsets/],
  // entries
  ['a tensor that is null', safetensors('{"a":null}'), /\{ at byte/],
  ['a tensor that is a string', safetensors('{"a":"b"}'), /\{ at byte/],
  ['an empty entry', safetensors('{"a":{}}'), /no dtype/],
  ['no dtype', safetensors('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8), /"a" .* found no dtype/],
  ['no shape', safetensors('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8), /no shape/],
  ['no data_offsets', safetensors('{"a":{"dtype":"F32","shape":[2]}}', 8), /no two data_offsets/],
  ['one data_offset', safetensors(good.replace('[0,8]', '[0]'), 8), /no two data_offsets/],
  ['three data_offsets', safetensors(good.replace('[0,8]', '[0,8,8]'), 8), /at most 2 numbers/],
  ['an unknown member', safetensors(good.replace('"dtype"', '"strides":[4],"dtype"'), 8), /found "strides"/],
  [
    'dtype twice',
    safetensors(good.replace('"shape"', '"dtype":"F32","shape"'), 8),
    /each once, found "dtype"/,
  ],
  ['shape twice, alike', safetensors(good.replace('"shape"', '"shape":[2],"shape"'), 8), /found "shape"/],
  ['an unknown dtype', safetensors(good.replace('F32', 'F31'), 8), /one of F64, .* found "F31"/],
  ['a dtype in small letters', safetensors(good.replace('F32', 'f32'), 8), /found "f32"/],
  ['a dtype of Object.prototype', safetensors(good.replace('F32', 'toString'), 8), /found "toString"/],
  ['an empty dtype', safetensors(good.replace('F32', ''), 8), /found ""/],
  ['a dtype that is a number', safetensors(good.replace('"F32"', '32'), 8), /a string at byte/],
  [
    'the same name twice, alike',
    safetensors(`{${entry('a', 0, 8)},${entry('a', 0, 8)}}`, 8),
    /two tensors named "a"/,
  ],
  [
    'the same name twice, apart',
    safetensors(`{${entry('a', 0, 8)},${entry('a', 8, 16)}}`, 16),
    /two tensors named/,
  ],
  [
    'a name once plain, once escaped',
    safetensors(`{${entry('a', 0, 8)},${entry('b', 8, 16).replace('b', '\\u0061')}}`, 16),
    /two tensors named "a"/,
  ],
  // numbers
  ['a dimension below 0', safetensors(good.replace('[2]', '[-2]'), 8), /a whole number from 0/],
  ['a dimension of -0', safetensors(good.replace('[2]', '[-0]'), 8), /a whole number from 0/],
  ['a dimension of 2.0', safetensors(good.replace('[2]', '[2.0]'), 8), /, or \]/],
  ['a dimension of 2e0', safetensors(good.replace('[2]', '[2e0]'), 8), /, or \]/],
  ['a dimension of 1e308', safetensors(good.replace('[2]', '[1e308]'), 8), /, or \]/],
  ['a dimension of 02', safetensors(good.replace('[2]', '[02]'), 8), /a whole number/],
  ['a dimension of 0x2', safetensors(good.replace('[2]', '[0x2]'), 8), /, or \]/],
  ['a dimension in quotes', safetensors(good.replace('[2]', '["2"]'), 8), /a whole number/],
  ['a dimension that is null', safetensors(good.replace('[2]', '[null]'), 8), /a whole number/],
  ['a dimension of 2^53', safetensors(good.replace('[2]', '[9007199254740992]'), 8), /from 0 to 2\^53/],
  ['a dimension of 2^53 + 1', safetensors(good.replace('[2]', '[9007199254740993]'), 8), /from 0 to 2\^53/],
  [
    'a dimension of 400 digits',
    safetensors(good.replace('[2]', `[${'9'.repeat(400)}]`), 8),
    /from 0 to 2\^53/,
  ],
  ['a shape that is a number', safetensors(good.replace('[2]', '2'), 8), /\[ at byte/],
  ['a shape with a comma too many', safetensors(good.replace('[2]', '[2,]'), 8), /a whole number/],
  ['65 dimensions', safetensors(good.replace('[2]', `[2${',1'.repeat(64)}]`), 8), /at most 64 numbers/],
  [
    '2^16 times 2^16 elements, 0 in 32 bits',
    safetensors(good.replace('[2]', '[65536,65536]').replace('8]', '0]')),
    /to have 17179869184 bytes/,
  ],
  [
    '2^32 times 2^32 elements, 0 in 64 bits',
    safetensors(good.replace('[2]', '[4294967296,4294967296]').replace('8]', '0]')),
    /fewer than 2\^53 bytes/,
  ],
  [
    '2^52 elements of 4 bytes',
    safetensors(good.replace('[2]', '[4503599627370496]'), 8),
    /fewer than 2\^53 bytes/,
  ],
  [
    '2^53 - 1 times 0, the overflow first',
    safetensors(good.replace('[2]', '[9007199254740991,9007199254740991,0]').replace('8]', '0]')),
    /fewer than/,
  ],
  // sizes and places
  [
    'an end before the beginning',
    safetensors(good.replace('[0,8]', '[8,0]'), 8),
    /to have 8 bytes, found data_offsets \[8,0\]/,
  ],
  ['fewer bytes than the shape', safetensors(good.replace('[2]', '[3]'), 8), /to have 12 bytes/],
  ['more bytes than the shape', safetensors(good.replace('[2]', '[1]'), 8), /to have 4 bytes/],
  ['bytes for an empty shape', safetensors(good.replace('[2]', '[0]'), 8), /to have 0 bytes/],
  ['two elements for a scalar', safetensors(good.replace('[2]', '[]'), 8), /to have 4 bytes/],
  ['data cut short', safetensors(good, 7), /expected 70 bytes, found 69; the file is cut short/],
  ['no data at all', safetensors(good), /cut short/],
  ['a byte too many', safetensors(good, 9), /1 more that belong to no tensor/],
  ['data without a tensor', safetensors('{}', 8), /8 more that belong to no tensor/],
  [
    'a beginning after 0',
    safetensors(`{${entry('a', 4, 12)}}`, 12),
    /"a" to begin at data byte 0, found a hole: it begins at 4/,
  ],
  ['a hole', safetensors(`{${entry('a', 0, 8)},${entry('b', 12, 20)}}`, 20), /"b" .* a hole/],
  ['an overlap', safetensors(`{${entry('a', 0, 8)},${entry('b', 4, 12)}}`, 12), /"b" .* an overlap/],
  [
    'two tensors on the same bytes',
    safetensors(`{${entry('a', 0, 8)},${entry('b', 0, 8)}}`, 8),
    /an overlap/,
  ],
  ['one tensor inside another', safetensors(`{${entry('a', 0, 16)},${entry('b', 4, 8)}}`, 16), /an overlap/],
  [
    'an empty tensor inside another',
    safetensors(`{${entry('a', 0, 8)},${entry('b', 4, 4)}}`, 8),
    /an overlap/,
  ],
  ['an empty tensor beyond the end', safetensors(`{${entry('a', 0, 8)},${entry('b', 12, 12)}}`, 8), /a hole/],
  [
    'offsets near 2^53',
    safetensors(`{${entry('a', 9007199254740983, 9007199254740991)}}`, 8),
    /inside the file/,
  ],
  // metadata
  ['metadata that is null', safetensors('{"__metadata__":null}'), /\{ at byte/],
  ['metadata that is a list', safetensors('{"__metadata__":[]}'), /\{ at byte/],
  ['metadata with a number', safetensors('{"__metadata__":{"a":1}}'), /a string at byte/],
  ['metadata with an object', safetensors('{"__metadata__":{"a":{}}}'), /a string at byte/],
  ['metadata with null', safetensors('{"__metadata__":{"a":null}}'), /a string at byte/],
  ['a metadata key twice', safetensors('{"__metadata__":{"a":"","a":""}}'), /two keys "a"/],
  ['metadata twice', safetensors('{"__metadata__":{},"__metadata__":{}}'), /one __metadata__, found two/],
  [
    'metadata that describes a tensor',
    safetensors(good.replace('"a"', '"__metadata__"'), 8),
    /a string at byte/,
  ],
];

test(`each of ${rejected.length} bad files is refused with its reason`, async (context) => {
  assert.ok(rejected.length >= 60);
  assert.equal(new Set(rejected.map(([name]) => name)).size, rejected.length);
  await readHeader(fileOf(safetensors(good, 8))); // so it's the fault that is refused, not what all have in common
  for (const [name, bytes, reason] of rejected) {
    await context.test(`refused: ${name}`, async () => {
      const start = cpuMs();
      await assert.rejects(readHeader(fileOf(bytes)), (error) => {
        assert.ok(error instanceof FileError, String(error));
        assert.match(error.message, reason);
        assert.match(error.message, /^hostile\.safetensors: expected .*, found /);
        return true;
      });
      assert.ok(cpuMs() - start < 2000, 'slow');
    });
  }
});

const accepted: readonly [name: string, file: Uint8Array, tensors: number][] = [
  ['no tensors', safetensors('{}'), 0],
  ['spaces after the header', safetensors(`${good}     `, 8), 1],
  [
    'white space inside the header',
    safetensors(good.replaceAll(',', ' ,\n\t').replaceAll(':', ' : \r\n'), 8),
    1,
  ],
  ['a scalar', safetensors(`{${entry('a', 0, 4, 'F32', '[]')}}`, 4), 1],
  [
    'empty tensors at every border',
    safetensors(`{${entry('x', 8, 8)},${entry('a', 0, 8)},${entry('y', 0, 0)}}`, 8),
    3,
  ],
  ['0 times 2^53 - 1', safetensors(good.replace('[2]', '[0,9007199254740991]').replace('8]', '0]')), 1],
  ['tensors in any order', safetensors(`{${entry('b', 8, 12)},${entry('a', 0, 8)}}`, 12), 2],
  ['an empty name', safetensors(`{${entry('', 0, 8)}}`, 8), 1],
  [
    'names of Object.prototype',
    safetensors(`{${entry('__proto__', 0, 8)},${entry('constructor', 8, 12)}}`, 12),
    2,
  ],
  ['a name of 64 KB', safetensors(`{${entry('n'.repeat(65536), 0, 8)}}`, 8), 1],
  ['an escaped name', safetensors(good.replace('a', '\\ud83d\\ude00\\n'), 8), 1],
  ['a name in many letters', safetensors(`{${entry('δ模型😀', 0, 8)}}`, 8), 1],
  ['64 dimensions', safetensors(good.replace('[2]', `[2${',1'.repeat(63)}]`), 8), 1],
];

test('what the format allows is not refused', async () => {
  for (const [name, bytes, tensors] of accepted) {
    const header = await readHeader(fileOf(bytes));
    assert.equal(header.tensors.size, tensors, name);
  }
});

test('10,000 mutants of a file give a valid header or a FileError, fast, and no read outside of the file', async () => {
  const original = safetensors(
    `{"__metadata__":{"format":"pt","é":"\\u00e9"},${entry('a.weight', 0, 24, 'F32', '[2,3]')},${entry('b', 24, 28, 'BF16', '[2]')},${entry('c', 28, 28)}}  `,
    28,
  );
  const tokens = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '0',
    '-1',
    '9007199254740993',
    '1e9',
    '"F64"',
    '"dtype"',
  ];
  let state = 12345;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * n);
  };
  const mutations: ((bytes: Buffer) => Buffer)[] = [
    (bytes) => ((bytes[random(bytes.length)] ^= 1 << random(8)), bytes),
    (bytes) => ((bytes[random(bytes.length)] = random(256)), bytes),
    (bytes) => bytes.subarray(0, random(bytes.length + 1)),
    (bytes) => Buffer.concat([bytes, Buffer.alloc(random(40), random(256))]),
    (bytes) => ((bytes[random(8)] = random(256)), bytes),
    (bytes) => {
      const at = random(bytes.length);
      const token = Buffer.from(tokens[random(tokens.length)]);
      return Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at + random(4))]);
    },
    (bytes) => {
      // another number in place of a digit of the header, its length put right again
      const text = bytes.toString('latin1', 8, 8 + original.readUInt32LE(0));
      const digit = [...text.matchAll(/\d+/g)][random(12)]?.index ?? 0;
      const changed =
        text.slice(0, digit) + String(random(3) === 0 ? 2 ** random(60) : random(40)) + text.slice(digit + 1);
      return safetensors(Buffer.from(changed, 'latin1'), 28);
    },
    (bytes) => {
      const [from, to] = [random(bytes.length), random(bytes.length)];
      bytes.copyWithin(to, from, from + random(60));
      return bytes;
    },
  ];
  let opened = 0;
  let slowestMs = 0;
  for (let i = 0; i < 10_000; i++) {
    let bytes: Buffer = Buffer.from(original);
    for (let n = 1 + random(3); n > 0 && bytes.length > 8; n--)
      bytes = Buffer.from(mutations[random(mutations.length)](bytes));
    const start = cpuMs();
    try {
      const { tensors } = await readHeader(fileOf(bytes));
      opened++;
      for (const { offset, byteLength } of tensors.values()) assert.ok(offset + byteLength <= bytes.length);
    } catch (error) {
      if (!(error instanceof FileError))
        throw new Error(`mutant ${i}: ${bytes.toString('base64')}`, { cause: error });
    }
    slowestMs = Math.max(slowestMs, cpuMs() - start);
  }
  assert.ok(opened > 100 && opened < 5000, `${opened} were opened: the mutations are too strong or too weak`);
  assert.ok(slowestMs < 1000, `${slowestMs} ms`);
});

test('a header that is nothing but names is refused before it takes the memory', async () => {
  const numbers = Array.from({ length: 200_001 }, (_, i) => i);
  const empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  const tensors = safetensors(`{${numbers.map((i) => `"${i}":${empty}`).join(',')}}`);
  await assert.rejects(readHeader(fileOf(tensors)), /expected at most 200000 tensors, found more/);
  const metadata = safetensors(`{"__metadata__":{${numbers.map((i) => `"${i}":""`).join(',')}}}`);
  await assert.rejects(readHeader(fileOf(metadata)), /expected at most 100000 metadata keys, found more/);
});
