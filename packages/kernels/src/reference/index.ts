/** @file The reference device: plain float32 arrays and the obvious computation, one operator at a time. */
import { BF16, FP32, OctavoError, roundArray } from '@octavo/formats';
import type { Device } from '../device.ts';
import { checkedOut, checkRegion, checkValues, createInventory, newTensor } from '../device-checks.ts';
import { isFused, runParts } from '../fused.ts';
import { elements, type Tensor } from '../tensor.ts';

const NAME = 'reference';

/** A device that computes every operator by its plain reference. Slow, and the judge of all others. */
export function createReferenceDevice(): Device {
  const tensors = createInventory<Float32Array>(NAME, ({ shape }) => 4 * elements(shape));

  const device: Device = {
    name: NAME,
    description: 'plain float32 reference',
    alloc(shape, format) {
      return tensors.add(newTensor(shape, format), new Float32Array(elements(shape)));
    },
    free: (tensor) => void tensors.remove(tensor),
    write(tensor, values) {
      tensors.of(tensor).set(checkValues(tensor, values));
    },
    run(operator, attributes, inputs, outs) {
      if (isFused(operator)) return runParts(device, operator, attributes, inputs, outs);
      const out = checkedOut(operator, attributes, inputs, outs);
      const view = (t: Tensor) => ({ shape: t.shape, format: t.format, data: tensors.of(t) });
      const views = inputs.map(view);
      const result = view(out);
      if (!operator.rounds && out.format !== FP32 && out.format !== BF16) {
        throw new OctavoError(
          `[kernels] ${operator.name} gives fp32 or bf16: got out of ${out.format.name}; use cast for other formats`,
        );
      }
      operator.reference(attributes, views, result);
      if (operator.rounds || out.format === FP32) return;
      roundArray(out.format, result.data, result.data, { overflow: 'special' });
    },
    copy(to, from, region) {
      const { from: start, to: position, length } = checkRegion(to, from, region);
      tensors.of(to).set(tensors.of(from).subarray(start, start + length), position);
    },
    flush: () => Promise.resolve(),
    read: async (tensor) => tensors.of(tensor).slice(),
    memory: tensors.memory,
    destroy: async () => tensors.clear(),
  };
  return device;
}
