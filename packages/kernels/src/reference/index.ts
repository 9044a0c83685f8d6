/** @file The reference device: plain float32 arrays and the obvious computation, one operator at a time. */
import { BF16, type Format, FP32, OctavoError, roundArray } from '@octavo/formats';
import type { Device } from '../device.ts';
import { checkOut, checkRegion, checkValues, createMeter, memoryOf } from '../gpujs/checks.ts';
import type { Attributes, Operator } from '../operator.ts';
import { elements, type Shape, type Tensor } from '../tensor.ts';

const NAME = 'reference';

/** A device that computes every operator by its plain reference. Slow, and the judge of all others. */
export function createReferenceDevice(): Device {
  const memories = new Map<Tensor, Float32Array>();
  const meter = createMeter();
  const data = (tensor: Tensor): Float32Array => memoryOf(memories, tensor, NAME);

  const device: Device = {
    name: NAME,
    description: 'plain float32 reference',
    alloc(shape: Shape, format: Format) {
      const tensor: Tensor = Object.freeze({ shape: [...shape], format, device });
      const memory = new Float32Array(elements(shape));
      memories.set(tensor, memory);
      meter.add(memory.byteLength);
      return tensor;
    },
    free(tensor) {
      meter.add(-data(tensor).byteLength);
      memories.delete(tensor);
    },
    write(tensor, values) {
      data(tensor).set(checkValues(tensor, values));
    },
    run<A extends Attributes>(operator: Operator<A>, attributes: A, inputs: readonly Tensor[], out: Tensor) {
      checkOut(operator.name, inputs, out);
      const view = (t: Tensor) => ({ shape: t.shape, format: t.format, data: data(t) });
      const views = inputs.map(view);
      const result = view(out);
      const shapes = inputs.map((t) => t.shape);
      const expected = operator.shape(attributes, shapes);
      if (elements(expected) !== elements(out.shape)) {
        throw new OctavoError(
          `[kernels] ${operator.name}: out does not fit: got shape [${out.shape}], expected [${expected}]`,
        );
      }
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
      const source = data(from);
      const target = data(to);
      const { from: start, to: position, length } = checkRegion(to, from, region);
      target.set(source.subarray(start, start + length), position);
    },
    flush: () => Promise.resolve(),
    read: async (tensor) => data(tensor).slice(),
    memory: () => meter.read(),
    async destroy() {
      memories.clear();
      meter.add(-meter.read().live);
    },
  };
  return device;
}
