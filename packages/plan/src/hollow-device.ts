/** @file A device that holds no numbers: the same model code runs on it in moments, and tells what it would do elsewhere. */
import { type Device, elements, newTensor, type Run, type Tensor } from '@octavo/kernels';

/** What is told of a run: every call, in order. */
export interface Witness {
  alloc(tensor: Tensor): void;
  free(tensor: Tensor): void;
  readonly run: Run;
  copy(to: Tensor, from: Tensor): void;
}

/** Bytes of a tensor as devices with real 8-bit storage keep it. */
export const bytesOf = ({ shape, format }: Tensor): number => elements(shape) * Math.max(1, format.bits / 8);

/** A device of which every tensor reads as zeros; compositions run as one. */
export function createHollowDevice(witness: Witness): Device {
  let [live, peak] = [0, 0];
  return {
    name: 'hollow',
    description: 'holds no numbers',
    alloc(shape, format) {
      const tensor = newTensor(shape, format);
      live += bytesOf(tensor);
      peak = Math.max(peak, live);
      witness.alloc(tensor);
      return tensor;
    },
    free(tensor) {
      live -= bytesOf(tensor);
      witness.free(tensor);
    },
    write: () => {},
    run: witness.run,
    copy: witness.copy,
    flush: async () => {},
    read: async ({ shape }) => new Float32Array(elements(shape)),
    memory: () => ({ live, peak }),
    destroy: async () => {},
  };
}
