/** @file Where a step's time goes: a device whose calls are timed, and its matrix products run again by themselves. */
import type { Format } from '@octavo/formats';
import {
  type Attributes,
  createScope,
  type Device,
  elements,
  type GemmAttributes,
  gemm,
  matrixShape,
  type Shape,
  type Tensor,
} from '@octavo/kernels';
import { filled, noisy } from './tensors.ts';
import { median, timed } from './timing.ts';

interface Kind {
  readonly shape: Shape;
  readonly format: Format;
}

/** Products of one kind: the same attributes, shapes and formats. */
interface ProductKind {
  readonly attributes: GemmAttributes;
  readonly inputs: readonly Kind[];
  readonly out: Kind;
  readonly flops: number;
  calls: number;
}

export interface Profile {
  recording: boolean;
  /** Milliseconds by operator, over all the steps that were recorded. */
  readonly operators: Map<string, number>;
  readonly products: Map<string, ProductKind>;
}

export const createProfile = (): Profile => ({ recording: false, operators: new Map(), products: new Map() });

/** The device, its calls timed while `recording`. A host device computes before it returns, so times are true. */
export function profiled(device: Device, profile: Profile): Device {
  const note = (name: string, start: number): void => {
    profile.operators.set(name, (profile.operators.get(name) ?? 0) + performance.now() - start);
  };
  return {
    ...device,
    run(operator, attributes, inputs, outs) {
      const start = performance.now();
      device.run(operator, attributes, inputs, outs);
      if (!profile.recording) return;
      note(operator.name === gemm.name ? `gemm ${formatsOf(inputs)}` : operator.name, start);
      if (operator.name === gemm.name) noteProduct(profile, attributes, inputs, outs[0]!);
    },
    write(tensor, values) {
      const start = performance.now();
      device.write(tensor, values);
      if (profile.recording) note('write', start);
    },
    copy(to, from, region) {
      const start = performance.now();
      device.copy(to, from, region);
      if (profile.recording) note('copy', start);
    },
  };
}

const formatsOf = ([a, b]: readonly Tensor[]): string => `${a!.format.name}×${b!.format.name}`;
const kindOf = ({ shape, format }: Tensor): Kind => ({ shape, format });

function noteProduct(profile: Profile, attributes: Attributes, inputs: readonly Tensor[], out: Tensor): void {
  const tensors = [...inputs, out].map(({ shape, format }) => `${format.name} ${shape.join(' ')}`);
  const key = JSON.stringify([attributes, tensors]);
  const found = profile.products.get(key);
  if (found) {
    found.calls += 1;
    return;
  }
  const how = attributes as GemmAttributes;
  const [rows, columns] = matrixShape(inputs[0]!.shape);
  profile.products.set(key, {
    attributes: how,
    inputs: inputs.map(kindOf),
    out: kindOf(out),
    flops: 2 * elements(out.shape) * (how.transposeA ? rows : columns),
    calls: 1,
  });
}

export const gemmMilliseconds = ({ operators }: Profile): number =>
  [...operators].reduce((sum, [name, ms]) => sum + (name.startsWith('gemm ') ? ms : 0), 0);

export const gemmFlops = ({ products }: Profile): number =>
  [...products.values()].reduce((sum, { flops, calls }) => sum + flops * calls, 0);

/** Milliseconds that the same products take one kind after another, with nothing between them: their own speed. */
export async function replayProducts(device: Device, { products }: Profile, rounds: number): Promise<number> {
  let total = 0;
  for (const { attributes, inputs, out, calls } of products.values()) {
    const scope = createScope(device);
    const tensors = inputs.map(({ shape, format }, i) =>
      i < 2 ? noisy(device, scope, shape, format) : filled(device, scope, shape, 1),
    );
    const result = scope.alloc(out.shape, out.format);
    const run = () => device.run(gemm, attributes, tensors, [result]);
    run();
    const times: number[] = [];
    for (let i = 0; i < rounds; i++) times.push(await timed(run, 1));
    total += calls * median(times);
    scope.release();
  }
  return total;
}
