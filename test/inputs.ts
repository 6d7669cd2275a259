/**
 * How many inputs a random test tries: all of them in `npm run test:slow`, which runs every *.fuzz.test.ts again, and a few of
 * the same in `npm test`.
 */
export const inputs = ({ all, few }: { readonly all: number; readonly few: number }): number =>
  process.env.UNMASK_TEST_INPUTS === 'all' ? all : few;
