import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NdArray } from '../src/base/array.ts';

/**
 * LLaDA's network in plain float64 loops, read from a directory of `golden/`: slow, plain and independent
 * of the graph library, so that the two can be held against each other.
 */

interface Config {
  n_layers: number;
  n_heads: number;
  n_kv_heads: number;
  d_model: number;
  mlp_hidden_size: number;
  embedding_size: number;
  rms_norm_eps: number;
  rope_theta: number;
  include_qkv_bias: boolean;
  weight_tying: boolean;
}

type Tensors = ReadonlyMap<string, Float64Array>;

/** The tensors of a safetensors file of numbers (F32 and F64), as float64, row-major. */
export function readTensors(path: string | URL): Tensors {
  const bytes = readFileSync(path);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Float64Array>();
  for (const [name, { dtype, data_offsets }] of Object.entries(header)) {
    if (dtype !== 'F32' && dtype !== 'F64') continue;
    const [begin, end] = data_offsets.map((offset) => headerEnd + offset);
    const size = dtype === 'F32' ? 4 : 8;
    const read = dtype === 'F32' ? bytes.readFloatLE.bind(bytes) : bytes.readDoubleLE.bind(bytes);
    tensors.set(
      name,
      Float64Array.from({ length: (end - begin) / size }, (_, i) => read(begin + i * size)),
    );
  }
  return tensors;
}

/** The mask predictor of a reference directory. */
export function referencePredictor(
  directory: string | URL,
): (xt: Int32Array, rows: Int32Array) => Promise<NdArray> {
  const config = JSON.parse(readFileSync(inside(directory, 'config.json'), 'utf8')) as Config;
  const tensors = readTensors(inside(directory, 'model.safetensors'));
  return (xt, rows) => {
    const logits = forward(xt, rows, config, tensors);
    const shape = [rows.length, config.embedding_size];
    return Promise.resolve({ shape, data: Float32Array.from(logits) });
  };
}

const inside = (directory: string | URL, name: string): string | URL =>
  typeof directory === 'string' ? join(directory, name) : new URL(name, directory);

function forward(xt: Int32Array, rows: Int32Array, config: Config, tensors: Tensors): Float64Array {
  const { n_layers, n_heads: H, n_kv_heads, d_model: D, mlp_hidden_size: M, embedding_size: V } = config;
  const K = D / H;
  const kvWidth = n_kv_heads * K;
  const L = xt.length;
  const weight = (name: string): Float64Array => {
    const tensor = tensors.get(`model.transformer.${name}`);
    if (!tensor) throw new Error(`the reference has no ${name}`);
    return tensor;
  };
  const norm = (x: Float64Array, name: string): Float64Array =>
    rmsNorm(x, weight(`${name}.weight`), config.rms_norm_eps);
  const embedding = weight('wte.weight');
  let x: Float64Array = new Float64Array(L * D); // [L, D]
  xt.forEach((token, i) => x.set(embedding.subarray(token * D, (token + 1) * D), i * D));

  for (let layer = 0; layer < n_layers; layer++) {
    const block = `blocks.${layer}`;
    const project = (input: Float64Array, name: string, inner: number, outer: number): Float64Array => {
      const bias =
        config.include_qkv_bias && /^[qkv]_proj/.test(name) ? weight(`${block}.${name}.bias`) : null;
      return linear(input, weight(`${block}.${name}.weight`), bias, inner, outer);
    };
    const attended = norm(x, `${block}.attn_norm`);
    const q = rotate(project(attended, 'q_proj', D, D), H, K, config.rope_theta);
    const k = rotate(project(attended, 'k_proj', D, kvWidth), n_kv_heads, K, config.rope_theta);
    const v = project(attended, 'v_proj', D, kvWidth);
    x = add(x, project(attention(q, k, v, { L, H, K, groups: H / n_kv_heads }), 'attn_out', D, D));

    const fed = norm(x, `${block}.ff_norm`);
    const gate = project(fed, 'ff_proj', D, M);
    const up = project(fed, 'up_proj', D, M);
    const gated = gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]);
    x = add(x, project(gated, 'ff_out', M, D));
  }

  const last = norm(x, 'ln_f');
  const wanted = new Float64Array(rows.length * D);
  rows.forEach((i, r) => wanted.set(last.subarray(i * D, (i + 1) * D), r * D));
  return linear(wanted, config.weight_tying ? embedding : weight('ff_out.weight'), null, D, V);
}

/** x · Wᵀ + b for rows of x.   x [N, inner], W [outer, inner] → [N, outer] */
function linear(
  x: Float64Array,
  W: Float64Array,
  bias: Float64Array | null,
  inner: number,
  outer: number,
): Float64Array {
  const N = x.length / inner;
  const y = new Float64Array(N * outer);
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < outer; o++) {
      let sum = bias ? bias[o] : 0;
      for (let d = 0; d < inner; d++) sum += x[n * inner + d] * W[o * inner + d];
      y[n * outer + o] = sum;
    }
  }
  return y;
}

/** x / √(mean x² + ε) · w, over the last axis. */
function rmsNorm(x: Float64Array, w: Float64Array, eps: number): Float64Array {
  const D = w.length;
  return x.map((value, index) => {
    const start = index - (index % D);
    let squares = 0;
    for (let d = 0; d < D; d++) squares += x[start + d] ** 2;
    return (value / Math.sqrt(squares / D + eps)) * w[index % D];
  });
}

/** Half-split RoPE: dimension d of a head turns with dimension d + K/2.   [L, heads · K] */
function rotate(x: Float64Array, heads: number, K: number, theta: number): Float64Array {
  const turned = x.slice();
  const half = K / 2;
  for (let start = 0; start < x.length; start += K) {
    const position = Math.floor(start / (heads * K));
    for (let d = 0; d < half; d++) {
      const angle = position * theta ** (-d / half);
      const a = x[start + d];
      const b = x[start + d + half];
      turned[start + d] = a * Math.cos(angle) - b * Math.sin(angle);
      turned[start + d + half] = b * Math.cos(angle) + a * Math.sin(angle);
    }
  }
  return turned;
}

/** Every position sees every position; `groups` query heads share a head of keys and values.   [L, H · K] */
function attention(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  { L, H, K, groups }: { L: number; H: number; K: number; groups: number },
): Float64Array {
  const kvWidth = (H / groups) * K;
  const out = new Float64Array(L * H * K);
  for (let h = 0; h < H; h++) {
    const kv = Math.floor(h / groups) * K;
    for (let i = 0; i < L; i++) {
      const scores = Float64Array.from({ length: L }, (_, j) => {
        let dot = 0;
        for (let d = 0; d < K; d++) dot += q[(i * H + h) * K + d] * k[j * kvWidth + kv + d];
        return dot / Math.sqrt(K);
      });
      const greatest = scores.reduce((a, b) => Math.max(a, b));
      const weights = scores.map((score) => Math.exp(score - greatest));
      const total = weights.reduce((a, b) => a + b);
      for (let j = 0; j < L; j++) {
        for (let d = 0; d < K; d++)
          out[(i * H + h) * K + d] += (weights[j] / total) * v[j * kvWidth + kv + d];
      }
    }
  }
  return out;
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}
