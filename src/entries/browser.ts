/**
 * Language models that write by unmasking, in a page: the same models and the same code as in Node, in a worker.
 *
 *     const model = await load('models/stories/');                     // an address, chosen files, or a directory of OPFS
 *     const { text } = await model.generate({ prompt: 'The dog' });    // also sample, infill, edit, score, logits
 *
 *     const run = await train({ texts: [text], steps: 500 });            // a model of one's own; keptRuns, zipped
 *
 * It needs onnxruntime-web beside it. Options have the names and the defaults that they have in Node. In a worker of your own
 * `openModelFrom` gives the model itself.
 *
 * @module unmask/browser
 */
export { FileError, InvalidOptionError, InvariantError, UnsupportedError } from '../base/errors.ts';
export { type ChosenDevice, chooseDevice, type PageDevice } from '../browser/choose-device.ts';
export {
  forget,
  loadInPage as load,
  type ModelPlace,
  type PageLoadOptions,
  type PageModel,
} from '../browser/load.ts';
export { chosenFiles, filesIn, type PageModelFiles } from '../browser/model-files.ts';
export { openModelFrom } from '../browser/open-model.ts';
export { keepsNothing, type PartsCache, storedParts } from '../browser/parts-cache.ts';
export { remoteFiles, type RemoteOptions } from '../browser/remote-files.ts';
export type { PageTrainRequest } from '../browser/training/request.ts';
export {
  forgetRun,
  type KeptRun,
  keptRuns,
  openKeptRun as openRun,
  type PageRun,
  type PageTrainOptions,
  trainInPage as train,
} from '../browser/training/train.ts';
export { zipped } from '../browser/training/zip.ts';
export { configureEngine, type WebEngineSettings } from '../runtime/engine-web.ts';
export type { Frame } from '../sampling/sample.ts';
export type { TrainingEvent } from '../training/run/events.ts';
