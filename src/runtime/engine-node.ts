import { UnsupportedError } from '../base/errors.ts';
import type { Device } from './device.ts';
import { firstLine, type OpenEngine } from './engine.ts';
import { sessionOnThread } from './session-thread.ts';

const remedies: Readonly<Record<Device, string>> = {
  cpu: 'the graph cannot be prepared: ',
  webgpu:
    'cannot be opened; it needs a graphics driver (on Linux one for Vulkan, named by VK_DRIVER_FILES): ',
  cuda: 'cannot be opened; it needs an NVIDIA driver, CUDA 12 and onnxruntime-node installed with its CUDA provider: ',
};

/** The engine is an optional dependency, as its install script may fail where it itself would not: npm then goes on without it. */
export const openEngine: OpenEngine = async (device) => {
  try {
    const ort = await import('onnxruntime-node');
    ort.env.logLevel = 'fatal'; // what goes wrong is thrown, and said in a sentence
    return { ort, provider: device, remedy: remedies[device], onThread: sessionOnThread };
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    const problem = isMissing
      ? "onnxruntime-node, which runs the networks, isn't installed: npm leaves it out where its install script can't reach the server of CUDA's libraries; to have it without them, type ONNXRUNTIME_NODE_INSTALL=skip npm install (-g unmask, if you installed it so)"
      : `onnxruntime-node, which runs the networks, can't be loaded here: ${firstLine(cause)}`;
    throw new UnsupportedError(problem, { cause });
  }
};
