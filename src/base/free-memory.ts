/** Bytes that this process may still take: of the machine, or of its container. */
export const freeMemory = (): number => process.availableMemory();
