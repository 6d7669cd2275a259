/** The formats of copies with rounded weights. */
export const copyFormats = ['f16', 'int8', 'int4'] as const;

/** What a copy with rounded weights is called. */
export const copyName = (model: string, format: string): string => `${model}:${format}`;

const ofCopy = new RegExp(`^(.+):(?:${copyFormats.join('|')})$`);

/** The model that a copy of this name is of; undefined of a name that is none of a copy. */
export const copiedIn = (name: string): string | undefined => ofCopy.exec(name)?.[1];
