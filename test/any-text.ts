import * as fc from 'fast-check';

/** The first 768 code points often; the strings of `fc` that have all of them take seconds to be made. */
const points = fc.array(fc.oneof(fc.integer({ min: 0, max: 0x10ffff }), fc.integer({ min: 0, max: 0x2ff })), {
  maxLength: 12,
});

/** Any code points, half surrogates too. */
export const anyText = points.map((list) => String.fromCodePoint(...list));

/** Any text that has bytes: without half surrogates. */
export const wholeText = points.map((list) =>
  String.fromCodePoint(...list.filter((point) => point < 0xd800 || point > 0xdfff)),
);
