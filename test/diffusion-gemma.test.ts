import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NdArray } from '../src/base/array.ts';
import { InvalidOptionError, UnsupportedError } from '../src/base/errors.ts';
import type { Model } from '../src/language-model/language-model.ts';
import { type OpenedModel, openModel } from '../src/model/open.ts';
import { encodingPredictor } from '../src/language-model/network-predictor.ts';
import { blocksFromFirstMask, cutAtEnd, hole, layCanvas } from '../src/sampling/canvas.ts';
import { type Decode, decodeRows, type Prediction } from '../src/sampling/decode.ts';
import { type Noise, uniformNoise } from '../src/sampling/noise.ts';
import type { MaskPredictor } from '../src/sampling/predictor.ts';
import { renoising } from '../src/sampling/renoising.ts';
import { type Frame, sample } from '../src/sampling/sample.ts';
import {
  annealedTemperature,
  withSelfConditioning,
  withTemperature,
} from '../src/sampling/self-conditioning.ts';
import { load } from '../src/language-model/load.ts';
import { readReference, referencePath } from './reference.ts';
import { readTensors } from './reference-llada.ts';

// The recorded runs of DiffusionGemma's own sampler, replayed step by step with its random numbers; then the model as a
// person has it.

interface Step {
  readonly cur_step: number;
  readonly current_canvas: number[][];
  readonly denoiser_canvas: number[][];
  readonly entropy: number[][];
  readonly accepted_mask: number[][];
  readonly random_canvas: number[][];
  readonly argmax_canvas: number[][];
  readonly stop: number[];
}
interface Run {
  readonly args: {
    readonly max_new_tokens: number;
    readonly max_denoising_steps: number;
    readonly t_min: number;
    readonly t_max: number;
    readonly stability_threshold: number;
    readonly confidence_threshold: number;
    readonly entropy_bound: number;
    readonly eos_token_id?: number[];
  };
  readonly prompt: number[][];
  readonly attention_mask: number[][];
  readonly blocks: readonly { readonly initial_canvas: number[][]; readonly steps: readonly Step[] }[];
  readonly output: number[][];
}
interface Recorded {
  readonly generate: readonly Run[];
  readonly temperature_schedule: readonly {
    readonly t_min: number;
    readonly t_max: number;
    readonly max_denoising_steps: number;
    readonly cur_step: number;
    readonly temperature: number;
  }[];
  readonly stopping: {
    readonly stability_threshold: number;
    readonly confidence_threshold: number;
    readonly sequence: readonly {
      readonly argmax_canvas: number[][];
      readonly logits: string;
      readonly stop: number[];
    }[];
  };
  readonly entropy_bound: {
    readonly current_canvas: number[][];
    readonly denoiser_canvas: number[][];
    readonly random_canvas: number[][];
    readonly cases: readonly { readonly entropy_bound: number; readonly renoised_canvas: number[][] }[];
  };
}

const family = 'diffusion_gemma';
const recorded = readReference<Recorded>(family);
const tensors = readTensors(referencePath(family, 'reference.safetensors'));
const V = 472;
/** Stands on a canvas where text is wanted. */
const placeholder = V;

let opened: OpenedModel;
let model: Model;
before(async () => {
  opened = await openModel(referencePath(family));
  model = await load(referencePath(family));
});
after(async () => {
  await opened.network.close();
  await model.close();
});

async function all(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const seen: Frame[] = [];
  for await (const frame of frames) seen.push(frame);
  return seen;
}

/** A canvas, and what the network said of it. */
interface Seen {
  readonly block: number;
  readonly step: number;
  readonly xt: Int32Array;
  readonly logits: NdArray;
}

/** What one row of a recorded run said and became. */
interface Replay {
  readonly frames: readonly Frame[];
  readonly raw: readonly Seen[];
  readonly predictions: readonly Prediction[];
}

/** What the network said in one of the first two steps of a block. */
function recordedLogits(g: number, b: number, block: number, step: number): NdArray | undefined {
  const logits = tensors.get(`generate.${g}.block${block}.step${step}.raw_logits`);
  const C = recorded.generate[g].blocks[block].initial_canvas[b].length;
  return logits && { shape: [C, V], data: Float32Array.from(logits.slice(b * C * V, (b + 1) * C * V)) };
}

/** One row of a recorded run, without its padding: attention is relative in position. */
async function replay(g: number, b: number): Promise<Replay> {
  const { args, prompt, attention_mask, blocks } = recorded.generate[g];
  const given = prompt[b].filter((_, i) => attention_mask[b][i] === 1);
  const C = blocks[0].initial_canvas[b].length;
  const canvas = layCanvas([given, hole(args.max_new_tokens)], placeholder);
  const raw: Seen[] = [];
  const predictions: Prediction[] = [];
  const stepAt = () => blocks[raw.at(-1)!.block].steps[raw.at(-1)!.step];

  const network = encodingPredictor(opened.network);
  const observed: MaskPredictor = async (xt, rows, moment) => {
    const logits = await network(xt, rows, moment);
    const before = raw.at(-1);
    const { index: block } = moment.block;
    const step = before?.block === block ? before.step + 1 : 0;
    raw.push({ block, step, xt, logits });
    // what the network is told next is what was recorded, so that each forward is held to the tolerance of one
    return recordedLogits(g, b, block, step) ?? logits;
  };
  const noise: Noise = {
    ...uniformNoise(V),
    draw(i) {
      const [block, within] = [Math.floor((i - given.length) / C), (i - given.length) % C];
      const canvases = raw.length === 0 ? blocks[block].initial_canvas : stepAt().random_canvas;
      return canvases[b][within];
    },
  };
  const decode: Decode = ({ logits, rows }) => {
    const drawn = stepAt().denoiser_canvas[b];
    const prediction = decodeRows(logits, rows, (_, _position, r) => drawn[r]);
    predictions.push(prediction);
    return prediction;
  };
  const predict = withSelfConditioning(
    withTemperature(observed, annealedTemperature(args.t_max, args.t_min)),
  );
  const frames = await all(
    sample(predict, canvas, {
      maskId: placeholder,
      layout: blocksFromFirstMask,
      blockLength: C,
      stepsPerBlock: args.max_denoising_steps,
      strategy: renoising({
        bound: args.entropy_bound,
        stability: args.stability_threshold,
        confidence: args.confidence_threshold,
      }),
      noise,
      decode,
      endIds: args.eos_token_id ?? [],
    }),
  );
  return { frames, raw, predictions };
}

for (const [g, run] of recorded.generate.entries()) {
  for (const b of run.prompt.keys()) {
    test(`recorded run ${g}, row ${b}: every canvas, every entropy and the text`, async () => {
      const { args, prompt, attention_mask, blocks, output } = run;
      const { frames, raw, predictions } = await replay(g, b);
      const start = attention_mask[b].filter((kept) => kept === 1).length;
      const C = blocks[0].initial_canvas[b].length;
      let n = 0;
      let isOver = false;
      for (const [k, { steps }] of blocks.entries()) {
        if (isOver) break;
        const [from, to] = [start + k * C, start + (k + 1) * C];
        const stop = steps.findIndex((step) => step.stop[b] === 1);
        const count = stop < 0 ? steps.length : stop + 1;
        assert.ok(stop >= 0 || count === args.max_denoising_steps);
        for (const [s, step] of steps.slice(0, count).entries()) {
          assert.deepEqual([raw[n].block, raw[n].step], [k, s]);
          assert.deepEqual([...raw[n].xt.subarray(from, to)], step.current_canvas[b], `${k}.${s}`);
          const kept =
            s > 0 ? steps[s - 1].accepted_mask[b].map((isKept) => isKept === 1) : Array(C).fill(false);
          const standing = step.current_canvas[b].map((token, i) => (kept[i] ? token : placeholder));
          assert.deepEqual([...frames[n].tokens.subarray(from, to)], standing);
          // told what it said itself, it makes its rounding ten times larger with every step: 3e-5, 3e-4, …
          const tolerance = s < 2 ? 1e-4 : 2e-3;
          for (const [i, entropy] of predictions[n].entropy.entries())
            assert.ok(Math.abs(entropy - step.entropy[b][i]) < tolerance, `${k}.${s}.${i}: ${entropy}`);
          assert.deepEqual([...predictions[n].likeliest], step.argmax_canvas[b]);
          const logits = recordedLogits(g, b, k, s);
          assert.equal(logits !== undefined, s < 2);
          for (const [index, logit] of raw[n].logits.data.entries())
            if (logits) assert.ok(Math.abs(logit - logits.data[index]) < 2e-4);
          n += 1;
        }
        const written = frames[n].tokens.subarray(from, to);
        assert.deepEqual([...written], steps[count - 1].argmax_canvas[b]);
        assert.equal(frames[n].t, 0);
        isOver = written.some((token) => args.eos_token_id?.includes(token));
      }
      assert.equal(frames.length, n + 1);
      const text = cutAtEnd(frames[n].tokens, args.eos_token_id ?? [], start).subarray(start);
      const expected = output[b].slice(prompt[b].length);
      assert.deepEqual([...text], expected.slice(0, text.length));
      assert.ok(expected.slice(text.length).every((id) => id === 0)); // padding
    });
  }
}

test('the temperatures are the recorded ones', () => {
  for (const { t_min, t_max, max_denoising_steps, cur_step, temperature } of recorded.temperature_schedule)
    assert.equal(annealedTemperature(t_max, t_min)(cur_step / max_denoising_steps), temperature);
});

test('for each recorded bound a step keeps the recorded tokens, and all else is noise', async () => {
  const { cases, current_canvas, denoiser_canvas, random_canvas } = recorded.entropy_bound;
  const logits = Float32Array.from(tensors.get('entropy_bound.logits')!);
  for (const { entropy_bound, renoised_canvas } of cases) {
    for (const [b, canvas] of current_canvas.entries()) {
      const L = canvas.length;
      const seen: number[][] = [];
      const predict: MaskPredictor = (xt) => {
        seen.push([...xt]);
        return Promise.resolve({ shape: [L, V], data: logits.slice(b * L * V, (b + 1) * L * V) });
      };
      await all(
        sample(predict, layCanvas([hole(L)], placeholder), {
          maskId: placeholder,
          steps: 2,
          strategy: renoising({ bound: entropy_bound, stability: 1, confidence: 1e-9 }),
          noise: {
            ...uniformNoise(V),
            draw: (i) => (seen.length === 0 ? current_canvas : random_canvas)[b][i],
          },
          decode: (said) => decodeRows(said.logits, said.rows, (_, i) => denoiser_canvas[b][i]),
        }),
      );
      assert.deepEqual(seen, [canvas, renoised_canvas[b]], `bound ${entropy_bound}`);
    }
  }
});

test('a block is done in the steps in which the recorded criterion says so', async () => {
  const { stability_threshold, confidence_threshold, sequence } = recorded.stopping;
  const soft = Float32Array.from(tensors.get('stopping.soft_logits')!);
  for (const [b, first] of sequence[0].argmax_canvas.entries()) {
    const L = first.length;
    const hot = new Float32Array(L * V).fill(-20);
    for (const [i, token] of first.entries()) hot[i * V + token] = 20;
    const rule = renoising({
      bound: 0,
      stability: stability_threshold,
      confidence: confidence_threshold,
    });
    const stops: boolean[] = [];
    let n = 0;
    await all(
      sample(
        () => Promise.resolve({ shape: [L, V], data: new Float32Array(L * V) }),
        layCanvas([hole(L)], placeholder),
        {
          maskId: placeholder,
          steps: sequence.length + 1,
          noise: uniformNoise(V),
          strategy: {
            ...rule,
            step(reverse) {
              stops.push(rule.step(reverse).done === true);
              return { written: [], done: false };
            },
          },
          decode({ rows }) {
            const { argmax_canvas, logits } = sequence[Math.min(n++, sequence.length - 1)];
            const data = logits === 'stopping.soft_logits' ? soft.slice(b * L * V, (b + 1) * L * V) : hot;
            const prediction = decodeRows({ shape: [L, V], data }, rows, () => 0);
            return { ...prediction, likeliest: Int32Array.from(argmax_canvas[b]) };
          },
        },
      ),
    );
    assert.deepEqual(
      stops,
      sequence.map(({ stop }) => stop[b] === 1),
    );
  }
});

const short = { length: 12, stepsPerBlock: 3, seed: 5 } as const;

test('a model from its directory writes a text, the same for the same seed, alone and beside others', async () => {
  const alone = await model.generate({ prompt: 'hello', ...short });
  assert.ok(alone.text.startsWith('hello'));
  assert.equal(alone.stats.forwards, 6); // two canvases, of 8 and of 4
  assert.equal(alone.stats.tokens, 12);
  assert.ok(!alone.frame.tokens.includes(model.maskId));
  const [again, other] = await Promise.all([
    model.generate({ prompt: 'hello', ...short }),
    model.generate({ prompt: 'another one', ...short, seed: 6 }),
  ]);
  assert.deepEqual(again.frame.tokens, alone.frame.tokens);
  assert.ok(other.text.startsWith('another one'));
});

test('the defaults are those of its files, and steps in all are given instead of steps a block', async () => {
  assert.deepEqual(model.defaults, {
    strategy: 'renoising',
    length: 256,
    blockLength: 8,
    stepsPerBlock: 48,
    temperature: 0.8,
    finalTemperature: 0.4,
    entropyBound: 0.1,
    stability: 1,
    confidence: 0.005,
  });
  const { stats } = await model.generate({ prompt: 'hello', length: 16, steps: 4 });
  assert.equal(stats.forwards, 4);
  await assert.rejects(
    model.generate({ prompt: 'hello', length: 16, steps: 4, stepsPerBlock: 2 }),
    /stepsPerBlock: is given instead of steps/,
  );
});

test('text around holes stays, and what stands behind a hole matters to it', async () => {
  const infill = (behind: string) =>
    model.infill({ parts: ['one ', { length: 3 }, behind, { length: 2 }, '.'], stepsPerBlock: 3, seed: 1 });
  const { text, holes } = await infill(' two ');
  assert.equal(text, `one ${holes[0].text} two ${holes[1].text}.`);
  assert.deepEqual(
    holes.map(({ tokens }) => tokens.length),
    [3, 2],
  );
  const { holes: others } = await infill(' six ');
  assert.notDeepEqual(others[0].tokens, holes[0].tokens);
  const range = model.infill({ parts: ['one ', { length: [2, 4] }, '.'] });
  await assert.rejects(range, /the length of a hole found can't be: the bound/);
});

test('what the model has no use for is refused by name', async () => {
  const refused: [object, RegExp][] = [
    [{ strategy: 'threshold' }, /strategy: must be renoising for a model whose noise is random tokens/],
    [{ guidance: 1 }, /guidance: needs a model whose noise is \[MASK\]/],
    [{ temperature: 0 }, /temperature: must be above 0/],
    [{ tau: 0.5 }, /tau: is for the strategies threshold/],
  ];
  for (const [options, message] of refused)
    await assert.rejects(
      model.generate({ prompt: 'hello', ...short, ...options }),
      (error) => error instanceof InvalidOptionError && message.test(error.message),
    );
  await assert.rejects(model.score({ answer: 'hello' }), UnsupportedError);
});
