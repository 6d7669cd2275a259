import type { PartsOf } from '../../checkpoint/weights.ts';
import type { SamplingKeys } from './generation-config.ts';
import type { TensorNames, TransformerConfig } from '../config.ts';

/** A published family of models: how its config.json and its tensor names map to the one transformer. */
export interface Family {
  /** As config.json's `architectures` names it. */
  readonly architecture: string;
  readonly names: TensorNames;
  /** Names that some files have instead. */
  readonly otherNames?: readonly TensorNames[];
  /** Whether a tensor is of a part that isn't used here, such as what reads pictures. */
  readonly unused?: (name: string) => boolean;
  /** Whether a head in the files is the head also where the config calls it tied: so in transformers 5. */
  readonly ownHead?: boolean;
  /** The tensors that lie one after another in a tensor of the files, in that order; undefined where it is one. */
  readonly partsOf?: PartsOf;
  /** What its own sampler reads of generation_config.json. */
  readonly sampling: SamplingKeys;
  /**
   * What config.json says.
   *
   * @param path  named in errors
   * @throws FileError         for a missing or impossible value
   * @throws UnsupportedError  for an option that the transformer does not have, by name
   */
  read(json: Readonly<Record<string, unknown>>, path: string): ModelConfig;
}

/** A family that we write: what is trained here. */
export interface WritableFamily extends Family {
  /**
   * The config.json of a network, as the family's own code would write it.
   *
   * @throws UnsupportedError  for a network that it has no keys for
   */
  write(config: ModelConfig): Readonly<Record<string, unknown>>;
}

/** A network's config with the special ids that its config.json holds. */
export interface ModelConfig {
  readonly transformer: TransformerConfig;
  /** What it learnt to see in place of a lost token, where that isn't [MASK]: any token. */
  readonly noise?: 'uniform';
  /** How it is sampled unless generation_config.json says otherwise: options by our names. */
  readonly sampling?: Readonly<Record<string, unknown>>;
  readonly maskId?: number;
  /** Tokens that end a text; the first pads. */
  readonly endIds?: readonly number[];
  readonly padId?: number;
  /** The network was trained in blocks of so many positions that see themselves and those before. Absent: in one. */
  readonly blockLength?: number;
  /** Beside blocks it has learned whole texts, in which every position sees all others. */
  readonly readsWhole?: boolean;
  /** What a causal network reads before the first token of every text, as in its training; absent where a text is all. */
  readonly startId?: number;
}
