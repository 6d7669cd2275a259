import { existsSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { missingCudaLibraries, type NeededLibrary } from './cuda-libraries.ts';
import { type Device, devices } from './device.ts';
import { compareWithCpu, type OperationCheck } from './device-check.ts';

/** What was found of a device. */
export interface Diagnosis {
  readonly device: Device;
  readonly works: boolean;
  /** What was compared with the CPU, where the device could be opened. */
  readonly operations: readonly OperationCheck[];
  /** Operations that are written without the engine's fused operator there, because it is wrong. */
  readonly expanded: readonly string[];
  /** Why it doesn't work. */
  readonly problem?: string;
  readonly missing: readonly NeededLibrary[];
  /** What to type or to get. */
  readonly remedy?: string;
}

/** Opens every device, one after the other, and compares what it computes. */
export async function* diagnoseDevices(): AsyncGenerator<Diagnosis> {
  for (const device of devices) yield await diagnose(device);
}

async function diagnose(device: Device): Promise<Diagnosis> {
  const unknown = { device, operations: [], expanded: [], missing: [] };
  // opening it would only say the first of what is missing
  const missing = device === 'cuda' && process.platform === 'linux' ? missingCudaLibraries() : [];
  if (missing.length > 0) return { ...unknown, works: false, missing, problem: 'libraries are missing' };
  try {
    const { operations, expanded } = await compareWithCpu(device);
    return { ...unknown, works: true, operations, expanded: [...expanded] };
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { ...unknown, works: false, problem: error.message, remedy: remedyFor(device) };
  }
}

/** Chromium's software driver, where Debian puts it: slow, but WebGPU. */
export const swiftShaderPath = '/usr/lib/chromium/vk_swiftshader_icd.json';

function remedyFor(device: Device): string | undefined {
  if (device !== 'webgpu' || process.platform !== 'linux') return undefined;
  return existsSync(swiftShaderPath)
    ? `without a GPU, a slow driver in software: VK_DRIVER_FILES=${swiftShaderPath} unmask …`
    : "a GPU's driver for Vulkan (Debian: apt-get install mesa-vulkan-drivers), or one in software: apt-get install chromium libvulkan1";
}
