/** @file The reference device: plain float32 arrays and the obvious computation, one operator at a time. */
import { type Format, FP32, OctavoError, round } from '@octavo/formats';
import type { CopyRegion, Device } from '../device.ts';
import type { Attributes, Operator } from '../operator.ts';
import { elements, type Shape, type Tensor } from '../tensor.ts';

/** A device that computes every operator by its plain reference. Slow, and the judge of all others. */
export function createReferenceDevice(): Device {
  const memory = new Map<Tensor, Float32Array>();
  let live = 0;
  let peak = 0;

  const data = (tensor: Tensor): Float32Array => {
    const found = memory.get(tensor);
    if (!found)
      throw new OctavoError(
        `[kernels] tensor [${tensor.shape}] is not alive on this device: it was freed, or belongs to another`,
      );
    return found;
  };

  const device: Device = {
    name: 'reference',
    description: 'plain float32 reference',
    alloc(shape: Shape, format: Format) {
      const tensor: Tensor = Object.freeze({ shape: [...shape], format, device });
      memory.set(tensor, new Float32Array(elements(shape)));
      live += elements(shape) * 4;
      peak = Math.max(peak, live);
      return tensor;
    },
    free(tensor) {
      live -= data(tensor).length * 4;
      memory.delete(tensor);
    },
    write(tensor, values) {
      const to = data(tensor);
      if (values.length !== to.length)
        throw new OctavoError(
          `[kernels] write: got ${values.length} values, expected ${to.length} for shape [${tensor.shape}]`,
        );
      to.set(values);
    },
    run<A extends Attributes>(operator: Operator<A>, attributes: A, inputs: readonly Tensor[], out: Tensor) {
      const expected = operator.shape(
        attributes,
        inputs.map((t) => t.shape),
      );
      if (elements(expected) !== elements(out.shape))
        throw new OctavoError(
          `[kernels] ${operator.name}: got an output of shape [${out.shape}], expected [${expected}]`,
        );
      if (inputs.includes(out))
        throw new OctavoError(`[kernels] ${operator.name}: the output is one of the inputs`);
      const view = (t: Tensor) => ({ shape: t.shape, format: t.format, data: data(t) });
      operator.reference(attributes, inputs.map(view), view(out));
      if (operator.rounds || out.format === FP32) return;
      const values = data(out);
      for (let i = 0; i < values.length; i++)
        values[i] = round(out.format, values[i]!, 'nearest-even', 'special');
    },
    copy(to, from, region: CopyRegion = {}) {
      const { to: at = 0, from: start = 0, length = data(from).length - start } = region;
      if (at + length > data(to).length || start + length > data(from).length) {
        throw new OctavoError(
          `[kernels] copy: ${length} elements from ${start} to ${at} do not fit [${from.shape}] and [${to.shape}]`,
        );
      }
      data(to).set(data(from).subarray(start, start + length), at);
    },
    flush: async () => {},
    read: async (tensor) => data(tensor).slice(),
    memory: () => ({ live, peak }),
    destroy: async () => memory.clear(),
  };
  return device;
}
