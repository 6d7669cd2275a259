/** Where a graph can run. In a file of its own, so that whoever asks for a name loads no runtime. */
export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];
