import { writeOnnx } from '../graph/onnx.ts';
import { neg } from '../graph/primitives.ts';
import { input } from '../graph/tensor.ts';
import type { Device } from './device.ts';
import { openSession } from './session.ts';

/**
 * Has the engine of a device ready before the first network opens: in a page that is a download and a compilation, which may go on
 * while weights come. The engine starts with a session, so one is opened.
 *
 * @throws UnsupportedError  when the device is not there
 */
export async function warmUpEngine(device: Device): Promise<void> {
  const session = await openSession(writeOnnx({ y: neg(input('x', 'float32', [1])) }), { device });
  await session.close();
}
