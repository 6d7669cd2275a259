import { type NdArray, sizeOf } from '../base/array.ts';

/** Parameters, or numbers about each, by tensor name. */
export type Arrays = ReadonlyMap<string, NdArray>;

/** The numbers of one step that are the same for every parameter. */
export interface OptimizerStep {
  /** k, from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** 1, or what clipping leaves of the gradient. */
  readonly gradientScale: number;
}

/** What changes parameters by their gradients, and what it remembers of the steps before. */
export interface Optimizer {
  /** One step on parameters, in place. */
  step(parameters: Arrays, gradients: Arrays, at: OptimizerStep): Promise<void>;
  /** What it remembers, to be saved, and written to by who resumes: a name for each array. */
  moments(): Arrays;
  close(): Promise<void>;
}

/** Zeros for each of some parameters. */
export const zerosFor = (shapes: ReadonlyMap<string, readonly number[]>): Arrays =>
  new Map(Array.from(shapes, ([name, shape]) => [name, { shape, data: new Float32Array(sizeOf(shape)) }]));

/** The same arrays, by longer names. */
export const withPrefix = (prefix: string, arrays: Arrays): Arrays =>
  new Map(Array.from(arrays, ([name, array]) => [`${prefix}${name}`, array]));
