/** The name of a token, which is given as a string or by an object that describes it. */
export function nameIn(value: unknown): string | undefined {
  const name =
    typeof value === 'object' && value !== null && 'content' in value ? (value.content as unknown) : value;
  return typeof name === 'string' ? name : undefined;
}
