import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModelDirectory } from '../src/checkpoint/directory.ts';
import { bidirectional, causal } from '../src/model/attention-pattern.ts';
import { llada } from '../src/model/families/llada.ts';
import { lladaMoe } from '../src/model/families/llada-moe.ts';
import { initialParameters } from '../src/model/initialise.ts';
import { charactersJson } from '../src/tokenizer/characters.ts';
import { tokenizerFiles } from '../src/tokenizer/files-to-write.ts';
import { tokenizerFromJson } from '../src/tokenizer/from-json.ts';
import type { Until } from './until.ts';

/** A folder that is taken away with the test. */
export async function temporaryFolder(t: Until): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unmask-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A model directory of random weights that knows the letters, written as `unmask train` would. */
export async function writeTinyModel(
  directory: string,
  {
    isCausal = false,
    maxLength = 64,
    width = 32,
    hidden = 48,
    heads = 4,
    experts,
    generationConfig = {},
  }: {
    isCausal?: boolean;
    maxLength?: number;
    width?: number;
    hidden?: number;
    heads?: number;
    /** How many each layer has in place of its MLP; two are chosen. */
    experts?: number;
    generationConfig?: Record<string, unknown>;
  } = {},
): Promise<void> {
  const json = charactersJson(
    new Set('abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.,\'\n0123456789{}:"\\'),
  );
  const transformer = {
    layers: 2,
    width,
    heads,
    kvHeads: 2,
    hidden,
    vocabularySize: tokenizerFromJson(json).vocabularySize,
    maxLength,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    qkvBias: false,
    tiedHead: true,
    shiftedLogits: false,
    attention: isCausal ? causal : bidirectional,
  };
  const config =
    experts === undefined
      ? undefined
      : {
          architectures: [lladaMoe.architecture],
          hidden_size: width,
          num_hidden_layers: 2,
          num_attention_heads: 4,
          expert_intermediate_size: 16,
          moe_layer_freq: [1, 1],
          num_experts: experts,
          num_experts_per_tok: 2,
          vocab_size: transformer.vocabularySize,
          max_position_embeddings: maxLength,
          rope_theta: 10_000,
          rms_norm_eps: 1e-5,
        };
  const [maskId, endId] = ['<|mask|>', '<|endoftext|>'].map(
    (name) => json.added_tokens.find(({ content }) => content === name)!.id,
  );
  const initial = config
    ? initialParameters(lladaMoe.read(config, directory).transformer, lladaMoe.names, 1)
    : initialParameters(transformer, llada.names, 1);
  await writeModelDirectory(directory, {
    config: config
      ? { ...config, mask_token_id: maskId, eos_token_id: endId, pad_token_id: endId }
      : llada.write({ transformer, maskId, endIds: [endId], padId: endId }),
    weights: Array.from(initial, ([name, { shape, data }]) => ({ name, shape, data })),
    generationConfig: { eos_token_id: endId, ...generationConfig },
    tokenizerFiles: new Map(
      Object.entries(tokenizerFiles(json)).map(([name, text]) => [name, Buffer.from(text)] as const),
    ),
  });
}
