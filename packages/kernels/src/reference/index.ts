/** @file The reference device: plain float32 arrays and the obvious computation, one operator at a time. */
import { BF16, FP32, OctavoError, roundArray } from '@octavo/formats';
import { createArrays } from '../array-memory.ts';
import type { Device } from '../device.ts';
import { checkedOut } from '../device-checks.ts';
import { isFused, runParts } from '../fused.ts';
import type { Tensor } from '../tensor.ts';

const NAME = 'reference';

/** A device that computes every operator by its plain reference. Slow, and the judge of all others. */
export function createReferenceDevice(): Device {
  const { tensors, access } = createArrays(NAME);

  const device: Device = {
    name: NAME,
    description: 'plain float32 reference',
    ...access,
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
    destroy: async () => tensors.clear(),
  };
  return device;
}
