import { grouped } from '../base/format-count.ts';
import { requireMemory } from '../base/memory.ts';
import { freshParameters } from './fresh-network.ts';
import type { TrainingOptions } from './options.ts';

/** What the memory of a network depends on. */
export interface NetworkSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly vocabularySize: number;
  /** All of its numbers. */
  readonly parameters: number;
}

type Asked = Pick<
  TrainingOptions,
  'batch' | 'length' | 'ema' | 'loraRank' | 'objective' | 'complementary' | 'learn'
>;

const floatBytes = 4;

/** About how many numbers an adapter has of rank r beside all matrices: N r (11 D + 3 F). */
const adapterCount = ({ layers, width, hidden }: NetworkSizes, rank: number): number =>
  layers * rank * (11 * width + 3 * hidden);

/**
 * About what training takes, rather less: of what is trained the numbers with which it began, as they are, their two
 * moments, the gradient and its sum, and an average where one is kept; of a micro-batch what the backward pass needs,
 *
 *     4 B L (N (10 D + 3 F + 2 H L) + V)      for N layers, width D, inner width F, H heads, V tokens
 *
 * where half of the positions are scored. Measured with three shapes, it is 1 to 17 % below the peak of the process.
 */
export function trainingMemory(
  network: NetworkSizes,
  { batch, length, ema, loraRank, objective, complementary, learn }: Asked,
): { readonly parameters: number; readonly activations: number } {
  const { layers, width, hidden, heads, vocabularySize, parameters } = network;
  const copies = ema === undefined ? 6 : 7;
  const trained = loraRank === undefined ? parameters : adapterCount(network, loraRank);
  const kept = loraRank === undefined ? 0 : parameters / floatBytes; // 8 bits at least
  const positions = objective === 'block-diffusion' ? 2 * length : length;
  const rows = batch * (complementary ? 2 : 1) * (learn === 'preferences' ? 2 : 1);
  const perToken = layers * (10 * width + 3 * hidden + 2 * heads * positions) + vocabularySize;
  return {
    parameters: floatBytes * (copies * trained + kept),
    activations: floatBytes * rows * positions * perToken,
  };
}

/**
 * @param network  as far as it is known; nothing where it comes with the model of --from
 * @param free     bytes of memory
 * @throws InvalidOptionError  for a run that does not fit into memory, before any of it is taken
 */
export function requireTrainingMemory(options: Asked, network: NetworkSizes | undefined, free: number): void {
  if (!network) return;
  const { parameters, activations } = trainingMemory(network, options);
  const { layers, width } = network;
  const { batch, length, loraRank } = options;
  const count = grouped(network.parameters);
  const [option, value] = loraRank === undefined ? ['layers', layers] : ['loraRank', loraRank];
  const learned = loraRank === undefined ? '' : `, with an adapter of rank ${grouped(loraRank)},`;
  requireMemory(
    {
      option,
      value,
      needs: `the ${count} numbers of ${grouped(layers)} layers of width ${grouped(width)}${learned} that are trained`,
      remedy:
        loraRank === undefined
          ? 'a smaller --size, --layers or --width does with less'
          : 'a lower --lora-rank does with less',
    },
    parameters,
    free,
  );
  requireMemory(
    {
      option: 'batch',
      value: batch,
      needs: `micro-batches of ${grouped(batch)} windows of ${grouped(length)} tokens`,
      remedy: 'the same is learned by a smaller --batch with a larger --accumulate, or in a shorter --length',
    },
    parameters + activations,
    free,
  );
}

/** The network that options name, as far as they do: the vocabulary is the text's. */
export function sizesIn({
  layers,
  width,
  heads,
  kvHeads,
  hidden,
  tied,
}: Pick<TrainingOptions, 'layers' | 'width' | 'heads' | 'kvHeads' | 'hidden' | 'tied'>):
  | NetworkSizes
  | undefined {
  if (layers === undefined || width === undefined || heads === undefined || hidden === undefined)
    return undefined;
  const sizes = { layers, width, heads, hidden, vocabularySize: 0 };
  return { ...sizes, parameters: freshParameters({ ...sizes, kvHeads, tied }) };
}
