/** What models of an objective are called by charts and people. */
export const modelKinds = {
  'masked-diffusion': 'masked diffusion',
  autoregressive: 'causal',
  'block-diffusion': 'block diffusion',
} as const;

/** A kind of model, as charts and people call it. */
export type ModelKind = (typeof modelKinds)[keyof typeof modelKinds];
