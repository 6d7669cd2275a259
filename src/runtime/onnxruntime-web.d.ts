// What engine-web.ts uses of onnxruntime-web, an optional peer of 143 MB: the sources compile where it isn't installed.
declare module 'onnxruntime-web/wasm' {
  interface Gpu {
    readonly lost: Promise<{ readonly message: string; readonly reason: string }>;
  }
  export const env: {
    readonly wasm: { wasmPaths?: { readonly wasm: string }; numThreads?: number };
    readonly webgpu?: { readonly device?: Gpu | Promise<Gpu> };
  };
}

declare module 'onnxruntime-web/webgpu' {
  export const env: (typeof import('onnxruntime-web/wasm'))['env'];
}
