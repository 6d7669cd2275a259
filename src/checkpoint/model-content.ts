import { jsonBytes } from '../base/utf8.ts';
import type { FileContent } from './file-content.ts';
import { safetensorsPieces, sizeInFile, type TensorToWrite } from './safetensors-pieces.ts';

/** What a model directory holds. */
export interface ModelFiles {
  readonly config: Readonly<Record<string, unknown>>;
  /** None: they are elsewhere, and another file says where. */
  readonly weights: Iterable<TensorToWrite>;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  /** By name: tokenizer.json, tokenizer_config.json, a chat template, a record. Written after the weights. */
  readonly tokenizerFiles?: ReadonlyMap<string, FileContent>;
}

/** Files of weights are no larger, as those of Hugging Face: some disks and servers refuse more. */
const maxShardBytes = 5e9;

/** The files of a model directory by name, in the order in which they are written. */
export function modelContent(
  { config, weights, generationConfig, tokenizerFiles = new Map() }: ModelFiles,
  shardBytes = maxShardBytes,
): Map<string, FileContent> {
  return new Map<string, FileContent>([
    ['config.json', jsonBytes(config)],
    ...(generationConfig ? [['generation_config.json', jsonBytes(generationConfig)] as const] : []),
    ...weightFiles([...weights], shardBytes),
    // last, so that a file may tell of how the weights came to be
    ...tokenizerFiles,
  ]);
}

/** One file for all tensors, or as many as they need with an index; a tensor is never divided. */
function weightFiles(tensors: readonly TensorToWrite[], shardBytes: number): [string, FileContent][] {
  const shards: TensorToWrite[][] = [[]];
  let [bytes, totalBytes] = [0, 0];
  for (const tensor of tensors) {
    const size = sizeInFile(tensor);
    if (bytes > 0 && bytes + size > shardBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += size;
    totalBytes += size;
  }
  const content = (shard: readonly TensorToWrite[]) => () => safetensorsPieces(shard, { format: 'pt' });
  if (tensors.length === 0) return [];
  if (shards.length === 1) return [['model.safetensors', content(shards[0])]];

  const padded = (number: number) => String(number).padStart(5, '0');
  const files = shards.map(
    (shard, i) => [`model-${padded(i + 1)}-of-${padded(shards.length)}.safetensors`, shard] as const,
  );
  const map = Object.fromEntries(files.flatMap(([file, shard]) => shard.map(({ name }) => [name, file])));
  const index = jsonBytes({ metadata: { total_size: totalBytes }, weight_map: map });
  return [
    ...files.map(([file, shard]): [string, FileContent] => [file, content(shard)]),
    ['model.safetensors.index.json', index],
  ];
}
