import type { NdArray } from '../base/array.ts';
import type { TensorNames } from '../model/config.ts';
import type { ModelConfig } from '../model/families/family.ts';
import type { LiveWeights, Network } from '../model/network.ts';
import type { AdapterOfModel } from './graph-learner.ts';

/** What a run trains: all weights of a network, or an adapter beside those of a model. */
export interface TrainingTarget {
  readonly config: ModelConfig;
  readonly names: TensorNames;
  /** The numbers that training begins with, by name. */
  readonly initial: ReadonlyMap<string, NdArray>;
  /** The adapter that they are, and the model's weights, if they are one. */
  readonly adapter?: AdapterOfModel;
  /** The network with such numbers as they are at each forward. */
  open(numbers: LiveWeights): Network;
  /** The network as it was before it was trained. */
  openReference(): Network;
  /** Files of the model that it changes or is compared with: a resumed run needs them as they were. */
  readonly heldTo: readonly string[];
  /** Lines for people on its size. */
  readonly summary: readonly string[];
  /** Writes what `load` takes, with a file beside it. */
  exportTo(directory: string, numbers: LiveWeights, beside: ReadonlyMap<string, Uint8Array>): Promise<void>;
}
