/** @file Many numbers of a device in one read. */
import { FP32 } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';

/** The values of tensors of one element each, in their order. */
export async function gather(device: Device, tensors: readonly Tensor[]): Promise<Float32Array> {
  const board = device.alloc([tensors.length], FP32);
  for (const [to, tensor] of tensors.entries()) device.copy(board, tensor, { to });
  const values = await device.read(board);
  device.free(board);
  return values;
}
