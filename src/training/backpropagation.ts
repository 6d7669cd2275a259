import { differentiate } from '../graph/differentiate.ts';
import { type OnnxModel, writeOnnx } from '../graph/onnx.ts';
import type { WriteOptions } from '../graph/onnx-writer.ts';
import { isParameter, topological } from '../graph/tensor.ts';
import type { Dim } from '../graph/tensor-type.ts';
import { type Adapter, adapterShapes, withAdapter } from '../model/adapter.ts';
import type { TensorNames, TransformerConfig } from '../model/config.ts';
import { forTwoTexts, forwardFeeds, forwardInputs, type StoredWeights, vector } from '../model/network.ts';
import { transformer } from '../model/transformer.ts';
import type { TrainingBatch } from './learner.ts';
import { type Loss, scoredRows, weightedCrossEntropy } from './loss.ts';

interface GradientGraph {
  /** Default: the weighted cross-entropy. */
  readonly loss?: Loss;
  /** Of batches with an attention mask: 1 where all rows share it, else 'B'. */
  readonly masks?: Dim;
  readonly adapter?: Adapter;
  /** Where the weights are that an adapter changes. Default: they are inputs. */
  readonly locate?: StoredWeights['locate'];
  readonly expanded?: WriteOptions['expanded'];
}

/**
 * From a batch to the loss and its gradient with respect to every parameter; with an adapter, with respect to those of the
 * adapter alone.
 */
export function gradientModel(
  config: TransformerConfig,
  names: TensorNames,
  { masks, adapter, locate, expanded, loss: lossOf = weightedCrossEntropy }: GradientGraph,
): OnnxModel {
  const { mask, ...inputs } = forwardInputs('L', masks);
  const { logits } =
    masks === undefined
      ? transformer(config, names, inputs)
      : transformer(forTwoTexts(config), names, { ...inputs, mask });
  const { weighted } = withAdapter({ weighted: lossOf(scoredRows(logits)) }, adapter);

  const trained = adapter && adapterShapes(config, names, adapter);
  const parameters = topological([weighted])
    .filter(isParameter)
    .filter(({ attributes: { name } }) => trained?.has(name) ?? true);
  const { loss, gradients } = differentiate(weighted, parameters);
  const named = gradients.map((gradient, i) => [`gradient.${parameters[i].attributes.name}`, gradient]);
  const weights = locate && ((name: string) => (trained?.has(name) ? undefined : locate(name)));
  return writeOnnx({ loss, ...Object.fromEntries(named) }, { weights, expanded, exact: true });
}

/** A batch as the graph's inputs. One without scored rows scores row 0 with weight 0. */
export function batchFeeds(
  config: TransformerConfig,
  { tokens, rows, targets, weights, positions, attentionMask, inputs }: TrainingBatch,
) {
  const scored = rows.length > 0 ? { rows, targets, weights } : nothing();
  return {
    ...forwardFeeds(config, tokens, scored.rows, positions),
    ...(attentionMask && { mask: attentionMask }),
    ...inputs,
    targets: vector(scored.targets),
    weights: vector(scored.weights),
  };
}

const nothing = () => ({ rows: new Int32Array(1), targets: new Int32Array(1), weights: new Float32Array(1) });
