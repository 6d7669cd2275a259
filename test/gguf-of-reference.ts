import { existsSync, readFileSync } from 'node:fs';
import { openWeights } from '../src/checkpoint/open-weights.ts';
import type { Entry, GgufContent, TensorData } from './gguf-writer.ts';
import { referencePath } from './reference.ts';

// A reference checkpoint as llama.cpp's converter writes it: its names, its keys, its order of rows.

export type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- JSON of many shapes

const readJson = (family: string, file: string): Json =>
  JSON.parse(readFileSync(referencePath(family, file), 'utf8')) as Json;

/** The families that llama.cpp has an architecture for, and what its converter does to each. */
const kinds: Readonly<
  Record<string, { architecture: string; permutes?: boolean; shift?: boolean; pre?: string }>
> = {
  llada: { architecture: 'llada', permutes: true, shift: false, pre: 'bailingmoe' },
  llada_gqa: { architecture: 'llada', permutes: true, shift: false, pre: 'bailingmoe' },
  llada_moe: { architecture: 'llada-moe', shift: false, pre: 'llada-moe' },
  // as the converter of Dream does, it doesn't say that logits are shifted
  dream: { architecture: 'dream', pre: 'qwen2' },
  llama: { architecture: 'llama', permutes: true },
  qwen2: { architecture: 'qwen2', pre: 'qwen2' },
  a2d_llama: { architecture: 'llama', permutes: true, shift: false, pre: 'llama-bpe' },
  a2d_qwen2: { architecture: 'qwen2', shift: false, pre: 'qwen2' },
  a2d_qwen3: { architecture: 'qwen3', shift: false, pre: 'qwen2' },
};

export async function ggufOfReference(
  family: string,
  change: (config: Json) => Json = (config) => config,
): Promise<{ entries: Entry[]; tensors: TensorData[] } & GgufContent> {
  const kind = kinds[family];
  const config = change(readJson(family, 'config.json'));
  const first = (...keys: string[]) => keys.map((key) => config[key]).find((value) => value != null);
  const heads = first('num_attention_heads', 'n_heads');
  const kvHeads = first('num_key_value_heads', 'n_kv_heads') ?? heads;
  const width = first('hidden_size', 'd_model');
  const headWidth = config.head_dim ?? width / heads;
  const a = kind.architecture;
  const hidden = first('intermediate_size', 'mlp_hidden_size', 'dense_intermediate_size');
  const entries: Entry[] = [
    ['general.architecture', 'text', a],
    ['general.name', 'text', family],
    ['general.file_type', 'u32', 0],
    [`${a}.block_count`, 'u32', first('num_hidden_layers', 'n_layers')],
    [`${a}.context_length`, 'u32', first('max_position_embeddings', 'max_sequence_length')],
    [`${a}.embedding_length`, 'u32', width],
    [`${a}.feed_forward_length`, 'u32', hidden],
    [`${a}.attention.head_count`, 'u32', heads],
    [`${a}.attention.head_count_kv`, 'u32', kvHeads],
    [`${a}.attention.layer_norm_rms_epsilon`, 'f32', config.rms_norm_eps],
    [`${a}.rope.freq_base`, 'f32', config.rope_theta],
    [`${a}.rope.dimension_count`, 'u32', headWidth],
    ...(config.head_dim === undefined
      ? []
      : ([
          [`${a}.attention.key_length`, 'u32', headWidth],
          [`${a}.attention.value_length`, 'u32', headWidth],
        ] as Entry[])),
    ...(config.num_experts
      ? ([
          [`${a}.expert_count`, 'u32', config.num_experts],
          [`${a}.expert_used_count`, 'u32', config.num_experts_per_tok],
          [`${a}.expert_feed_forward_length`, 'u32', config.expert_intermediate_size],
        ] as Entry[])
      : []),
    ...(kind.shift === undefined && a !== 'dream'
      ? []
      : ([[`${a}.attention.causal`, 'bool', false]] as Entry[])),
    ...(kind.shift === undefined ? [] : ([['diffusion.shift_logits', 'bool', kind.shift]] as Entry[])),
    ...tokenizerOf(family, config, kind.pre),
  ];

  const weights = await openWeights(referencePath(family));
  const experts = new Map<string, Uint8Array[]>();
  const tensors: TensorData[] = [];
  for (const [name, { shape, dtype }] of weights.entries) {
    const type = { F32: 0, F16: 1, BF16: 30 }[dtype as string]!;
    const bytes = await weights.readRaw(name);
    const [renamed, expert] = ggufName(name);
    if (expert !== undefined) {
      const list = experts.get(renamed) ?? [];
      list[expert] = bytes;
      experts.set(renamed, list);
      if (list.filter(Boolean).length === config.num_experts)
        tensors.push({
          name: renamed,
          dimensions: [...shape.toReversed(), config.num_experts],
          type,
          bytes: Buffer.concat(list),
        });
      continue;
    }
    const isQuery = /attn_q\.(weight|bias)$/.test(renamed);
    const isKey = /attn_k\.(weight|bias)$/.test(renamed);
    const ordered =
      kind.permutes && (isQuery || isKey) ? permute(bytes, shape[0], isQuery ? heads : kvHeads) : bytes;
    tensors.push({ name: renamed, dimensions: shape.toReversed(), type, bytes: ordered });
  }
  return { entries, tensors };
}

/** The names of Hugging Face's Llama and of LLaDA, part by part. */
const parts: Readonly<Record<string, string>> = {
  q_proj: 'attn_q',
  k_proj: 'attn_k',
  v_proj: 'attn_v',
  o_proj: 'attn_output',
  attn_out: 'attn_output',
  q_norm: 'attn_q_norm',
  k_norm: 'attn_k_norm',
  input_layernorm: 'attn_norm',
  attn_norm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  ff_norm: 'ffn_norm',
  gate_proj: 'ffn_gate',
  ff_proj: 'ffn_gate',
  up_proj: 'ffn_up',
  down_proj: 'ffn_down',
  ff_out: 'ffn_down',
  gate: 'ffn_gate_inp',
};

/** The name of a tensor in a GGUF file, and of an expert which one of the stack it is. */
export function ggufName(name: string): [name: string, expert?: number] {
  const expert = /^model\.layers\.(\d+)\.mlp\.experts\.(\d+)\.(\w+)_proj\.weight$/.exec(name);
  if (expert) return [`blk.${expert[1]}.ffn_${expert[3]}_exps.weight`, Number(expert[2])];
  const inLayer = /\.(?:layers|blocks)\.(\d+)\.(?:.*\.)?(\w+)\.(weight|bias)$/.exec(name);
  if (inLayer) return [`blk.${inLayer[1]}.${parts[inLayer[2]]}.${inLayer[3]}`];
  if (/embed_tokens|wte/.test(name)) return ['token_embd.weight'];
  return [/lm_head|ff_out/.test(name) ? 'output.weight' : 'output_norm.weight'];
}

/** `weights.reshape(heads, 2, rows / heads / 2, …).swapaxes(1, 2)`, on rows of bytes. */
function permute(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const rowBytes = bytes.length / rows;
  const half = rows / heads / 2;
  const order: Uint8Array[] = [];
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < half; i++)
      for (let side = 0; side < 2; side++) {
        const row = (head * 2 + side) * half + i;
        order.push(bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
      }
  return Buffer.concat(order);
}

function tokenizerOf(family: string, config: Json, pre: string | undefined): Entry[] {
  const rows: number = config.embedding_size ?? config.vocab_size;
  const json = existsSync(referencePath(family, 'tokenizer.json'))
    ? readJson(family, 'tokenizer.json')
    : slow(family);
  const vocab: [string, number][] = Object.entries(json.model.vocab);
  const added: { id: number; content: string; special: boolean }[] = json.added_tokens;
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = Array<number>(rows).fill(5);
  for (const [token, id] of vocab) {
    tokens[id] = token;
    types[id] = /^<0x[0-9A-F]{2}>$/.test(token) ? 6 : 1;
  }
  for (const { id, content, special } of added) {
    tokens[id] = content;
    types[id] = content === '<unk>' ? 2 : special ? 3 : 4;
  }
  const merges: string[] = json.model.merges.map((merge: string | string[]) =>
    typeof merge === 'string' ? merge : merge.join(' '),
  );
  const ids: Entry[] = (
    [
      ['bos', config.bos_token_id],
      ['eos', config.eos_token_id],
      ['padding', config.pad_token_id],
      ['mask', config.mask_token_id ?? added.find(({ content }) => content === '<|mask|>')?.id],
    ] as const
  ).flatMap(([role, id]): Entry[] => (id == null ? [] : [[`tokenizer.ggml.${role}_token_id`, 'u32', id]]));
  const lists: Entry[] = [
    ['tokenizer.ggml.tokens', 'text', tokens],
    ['tokenizer.ggml.token_type', 'i32', types],
  ];
  if (pre !== undefined)
    return [
      ['tokenizer.ggml.model', 'text', 'gpt2'],
      ['tokenizer.ggml.pre', 'text', pre],
      ...lists,
      ['tokenizer.ggml.merges', 'text', merges],
      ...ids,
    ];
  // SentencePiece has a score for each piece: here, how early it was merged
  const scores = Array<number>(rows).fill(-1e6);
  for (const [rank, merge] of merges.entries()) {
    const id = tokens.indexOf(merge.split(' ').join(''));
    scores[id] = Math.max(scores[id], -rank);
  }
  return [
    ['tokenizer.ggml.model', 'text', 'llama'],
    ...lists,
    ['tokenizer.ggml.scores', 'f32', scores],
    ['tokenizer.ggml.unknown_token_id', 'u32', 0],
    ...ids,
  ];
}

/** A tokenizer of vocab.json, merges.txt and added_tokens.json. */
function slow(family: string): Json {
  const { added_tokens_decoder: added } = readJson(family, 'tokenizer_config.json');
  const merges = readFileSync(referencePath(family, 'merges.txt'), 'utf8').split('\n');
  return {
    model: {
      vocab: readJson(family, 'vocab.json'),
      merges: merges.filter((line) => line !== '' && !line.startsWith('#version')),
    },
    added_tokens: Object.entries(added as Record<string, Json>).map(([id, token]) => ({
      ...token,
      id: Number(id),
    })),
  };
}
