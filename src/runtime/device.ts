/** Where a graph can run. In a file of its own, so that whoever asks for a name loads no runtime. */
export const devices = ['cpu', 'webgpu', 'cuda'] as const;
/** A device by its name: the processor, a GPU by WebGPU, or one of NVIDIA's by CUDA. */
export type Device = (typeof devices)[number];
