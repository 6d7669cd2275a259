/** What something lives as long as: a test, or all tests of a file. */
export interface Until {
  after(end: () => Promise<unknown>): void;
}
