/** What ranks tell each other, as bytes: JSON. */
export const pack = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export const unpack = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder().decode(bytes)) as T;
