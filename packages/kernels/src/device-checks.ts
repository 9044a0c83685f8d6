/** @file What every device does before it touches memory: it knows its tensors, and refuses calls that do not fit. */
import { type Format, OctavoError } from '@octavo/formats';
import type { CopyRegion } from './device.ts';
import type { Attributes, Operator } from './operator.ts';
import { elements, type Shape, type Tensor } from './tensor.ts';

/** The live tensors of a device, each with its memory. */
export interface Inventory<Memory> {
  add(tensor: Tensor, memory: Memory): Tensor;
  /** The memory of a live tensor; throws where there is none. */
  of(tensor: Tensor): Memory;
  /** Forgets a live tensor and gives its memory back. */
  remove(tensor: Tensor): Memory;
  /** So many bytes more (less, if below 0) are in use by what is no tensor. */
  use(bytes: number): void;
  memory(): { readonly live: number; readonly peak: number };
  clear(): void;
}

export function createInventory<Memory>(
  device: string,
  bytesOf: (tensor: Tensor) => number,
): Inventory<Memory> {
  const memories = new Map<Tensor, Memory>();
  let live = 0;
  let peak = 0;
  const use = (bytes: number): void => {
    live += bytes;
    peak = Math.max(peak, live);
  };
  const of = (tensor: Tensor): Memory => {
    const memory = memories.get(tensor);
    if (memory !== undefined) return memory;
    throw new OctavoError(
      `[kernels] ${device} holds no memory for a tensor of shape [${tensor.shape}]: it was freed, or it is a tensor of another device`,
    );
  };
  return {
    add(tensor, memory) {
      memories.set(tensor, memory);
      use(bytesOf(tensor));
      return tensor;
    },
    of,
    remove(tensor) {
      const memory = of(tensor);
      memories.delete(tensor);
      use(-bytesOf(tensor));
      return memory;
    },
    use,
    memory: () => ({ live, peak }),
    clear() {
      memories.clear();
      live = 0;
    },
  };
}

/** A tensor's identity, which nobody changes afterwards. */
export const newTensor = (shape: Shape, format: Format): Tensor =>
  Object.freeze({ shape: Object.freeze([...shape]), format });

/** A copy's region with its defaults filled in, inside both tensors. */
export function checkRegion(to: Tensor, from: Tensor, region: CopyRegion = {}): Required<CopyRegion> {
  const start = region.from ?? 0;
  const target = region.to ?? 0;
  const length = region.length ?? elements(from.shape) - start;
  const ok =
    [start, target, length].every((n) => Number.isInteger(n) && n >= 0) &&
    start + length <= elements(from.shape) &&
    target + length <= elements(to.shape);
  if (!ok) {
    throw new OctavoError(
      `[kernels] copy does not fit: got ${length} elements from ${start} of [${from.shape}] to ${target} of [${to.shape}]`,
    );
  }
  if (to.format.name !== from.format.name) {
    throw new OctavoError(
      `[kernels] copy between formats: got ${from.format.name} to ${to.format.name}, expected one format`,
    );
  }
  return { from: start, to: target, length };
}

/** `values` as float32, as many as the tensor has elements. */
export function checkValues(tensor: Tensor, values: ArrayLike<number>): Float32Array {
  if (values.length !== elements(tensor.shape)) {
    throw new OctavoError(
      `[kernels] write: got ${values.length} values, expected ${elements(tensor.shape)} for shape [${tensor.shape}]`,
    );
  }
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** Throws if one of `outs` is one of `inputs`. */
export function checkOuts(operator: string, inputs: readonly Tensor[], outs: readonly Tensor[]): void {
  if (outs.some((out) => inputs.includes(out))) {
    throw new OctavoError(`[kernels] ${operator}: out is one of the inputs; allocate another tensor`);
  }
}

/** An operator's output, once it is known that there is one and that it fits. */
export function checkedOut<A extends Attributes>(
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  outs: readonly Tensor[],
): Tensor {
  const [out] = outs;
  if (out === undefined || outs.length > 1) {
    throw new OctavoError(`[kernels] ${operator.name}: got ${outs.length} outputs, expected one`);
  }
  checkOuts(operator.name, inputs, outs);
  const expected = operator.shape(
    attributes,
    inputs.map(({ shape }) => shape),
  );
  if (elements(expected) !== elements(out.shape)) {
    throw new OctavoError(
      `[kernels] ${operator.name}: out does not fit: got shape [${out.shape}], expected [${expected}]`,
    );
  }
  return out;
}
