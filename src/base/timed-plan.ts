/** Of the time that is given, what updates may take: text is read, bounds and samples are made in the rest. */
export const shareOfUpdates = 0.85;

/** A network is worth its size from so many tokens a parameter on. */
export const tokensAParameter = 6;

/** A gzip of text holds about so many times its bytes. */
export const packed = 3;

/** The sizes that a run of some time may have. */
export const plannedSizes = ['nano', 'tiny', 'small', 'base'] as const;
