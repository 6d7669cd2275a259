import type * as Ort from 'onnxruntime-node';

/** What a session's thread begins with. */
export interface ThreadBegin {
  /** The graph, in the ONNX format. */
  readonly bytes: Uint8Array;
  readonly options: Ort.InferenceSession.SessionOptions;
}

/** A tensor on its way from one thread to another. */
export interface SentTensor {
  readonly type: Ort.Tensor.Type;
  readonly data: Ort.Tensor.DataType;
  readonly dims: readonly number[];
}

/** To a session's thread. */
export type ToSession =
  | {
      readonly kind: 'run';
      readonly feeds: Readonly<Record<string, SentTensor>>;
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'close' };

/** From it, in the order in which it was asked; first of all that it is open. */
export type FromSession =
  | { readonly kind: 'done'; readonly results: Readonly<Record<string, SentTensor>> }
  | { readonly kind: 'failed'; readonly message: string };

/** Tensors with memory of their own, and that memory, which is handed over with them: the engine's can't be. */
export function handedOver(tensors: Readonly<Record<string, SentTensor>>): {
  readonly sent: Record<string, SentTensor>;
  readonly memory: ArrayBuffer[];
} {
  const sent: Record<string, SentTensor> = {};
  const memory: ArrayBuffer[] = [];
  for (const [name, { type, data, dims }] of Object.entries(tensors)) {
    const own = data.slice() as Exclude<Ort.Tensor.DataType, string[]>;
    sent[name] = { type, data: own, dims };
    memory.push(own.buffer as ArrayBuffer);
  }
  return { sent, memory };
}
