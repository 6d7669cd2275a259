/** Samples of the model itself, whatever it is set to by default: the surest of its drawn tokens first, none cut away. */
export const plainSampling = {
  temperature: 1,
  topP: 1,
  strategy: 'low-confidence',
  confidenceOf: 'drawn',
} as const;
