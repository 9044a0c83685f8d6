/** @file Memory of devices on the host whose tensors of every format are arrays of float32. */
import type { Device } from './device.ts';
import { checkRegion, checkValues, createInventory, type Inventory, newTensor } from './device-checks.ts';
import { elements } from './tensor.ts';

type Access = Pick<Device, 'alloc' | 'free' | 'write' | 'copy' | 'flush' | 'read' | 'memory'>;

/** The tensors of a device of this name, and everything that it does but compute and end. */
export function createArrays(name: string): { tensors: Inventory<Float32Array>; access: Access } {
  const tensors = createInventory<Float32Array>(name, ({ shape }) => 4 * elements(shape));
  const access: Access = {
    alloc: (shape, format) => tensors.add(newTensor(shape, format), new Float32Array(elements(shape))),
    free: (tensor) => void tensors.remove(tensor),
    write: (tensor, values) => tensors.of(tensor).set(checkValues(tensor, values)),
    copy(to, from, region) {
      const { from: start, to: position, length } = checkRegion(to, from, region);
      tensors.of(to).set(tensors.of(from).subarray(start, start + length), position);
    },
    flush: () => Promise.resolve(),
    read: async (tensor) => tensors.of(tensor).slice(),
    memory: tensors.memory,
  };
  return { tensors, access };
}
