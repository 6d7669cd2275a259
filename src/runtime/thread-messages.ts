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
  | {
      readonly kind: 'done';
      readonly results: Readonly<Record<string, SentTensor>>;
      /** The memory of what it was fed, given back. */
      readonly memory: readonly ArrayBuffer[];
    }
  | { readonly kind: 'failed'; readonly message: string };

/** A tensor's numbers, in memory that can be handed over. */
type Numbers = Exclude<Ort.Tensor.DataType, string[]>;

/**
 * Tensors with memory of their own, and that memory, which is handed over with them: the engine's can't be.
 *
 * @param memoryOf  memory of at least so many bytes. Default: new
 */
export function handedOver(
  tensors: Readonly<Record<string, SentTensor>>,
  memoryOf: (bytes: number) => ArrayBuffer = (bytes) => new ArrayBuffer(bytes),
): { readonly sent: Record<string, SentTensor>; readonly memory: ArrayBuffer[] } {
  const sent: Record<string, SentTensor> = {};
  const memory: ArrayBuffer[] = [];
  for (const [name, { type, data, dims }] of Object.entries(tensors)) {
    const numbers = data as Numbers;
    const own = memoryOf(numbers.byteLength);
    const copy = new (numbers.constructor as Float32ArrayConstructor)(own, 0, numbers.length);
    copy.set(numbers as Float32Array);
    sent[name] = { type, data: copy, dims };
    memory.push(own);
  }
  return { sent, memory };
}
