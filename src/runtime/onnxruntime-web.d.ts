// What engine-web.ts uses of onnxruntime-web, an optional peer of 143 MB: the sources compile where it isn't installed.
declare module 'onnxruntime-web/wasm' {
  export const env: { readonly wasm: { wasmPaths?: { readonly wasm: string }; numThreads?: number } };
}

declare module 'onnxruntime-web/webgpu' {
  export const env: (typeof import('onnxruntime-web/wasm'))['env'];
}
