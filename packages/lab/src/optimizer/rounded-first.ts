/** @file A device whose AdamW moves the weights by the moments as they are stored, not as float32 computed them. */
import { FP32, OctavoError } from '@octavo/formats';
import {
  adamWeight,
  adamw,
  createScope,
  type DecayAttributes,
  type Device,
  dequantize,
  matrixShape,
  type Scope,
  type Tensor,
} from '@octavo/kernels';

/**
 * The other order: moments are rounded, and the rounded ones make the update. A second moment that rounds to zero then
 * leaves lr · m / ε of the step. Master weights must be FP32.
 */
export function roundedFirst(device: Device): Device {
  return {
    ...device,
    run(operator, attributes, inputs, outs) {
      device.run(operator, attributes, inputs, outs);
      if (operator.name === adamw.name && outs[4]!.format !== FP32)
        moveAgain(device, attributes as unknown as DecayAttributes, inputs, outs);
    },
  };
}

function moveAgain(
  device: Device,
  { decays }: DecayAttributes,
  inputs: readonly Tensor[],
  outs: readonly Tensor[],
): void {
  const [master, hyper] = [inputs[0]!, inputs[7]!];
  const [moved, , m, mScale, v, vScale] = outs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  if (master.format !== FP32)
    throw new OctavoError(
      `[lab] rounded before the update: got master weights in ${master.format.name}, expected FP32`,
    );
  const scope = createScope(device);
  device.run(
    adamWeight,
    { decays },
    [master, decoded(scope, m, mScale), decoded(scope, v, vScale), hyper],
    [moved],
  );
  scope.release();
}

/** The float32 values of a stored moment. */
export function decoded(scope: Scope, codes: Tensor, scale: Tensor): Tensor {
  const [blockRows, blockColumns] = matrixShape(codes.shape);
  const values = scope.alloc(codes.shape, FP32);
  scope.device.run(dequantize, { blockRows, blockColumns }, [codes, scale], [values]);
  return values;
}
