import { BF16 } from '@octavo/formats';
import { createReferenceDevice, createScope } from '@octavo/kernels';
import { afterAll, expect, it } from 'vitest';
import { createFp8Linear, createPrecision, createTape, linear, recipeOf, variable } from '../src/index.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

it.each(['bf16', 'fp8', 'fp8-smooth', 'fp8-authors'])(
  '%s: every operand is shown as often as it is cast',
  async (name) => {
    const precision = createPrecision(device, recipeOf(name));
    const tensor = (shape: readonly number[], format = BF16) => {
      const made = device.alloc(shape, format);
      device.write(
        made,
        Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => (i % 7) - 3),
      );
      return made;
    };
    const weight = { name: 'w', value: tensor([4, 8]), grad: null, isMatrix: true };
    const down = createFp8Linear(precision, 0, 'down', weight);
    const seen: { site: number; operand: string; values: Promise<Float32Array> }[] = [];
    precision.onOperand = ({ index, operand }, value) =>
      seen.push({ site: index, operand, values: device.read(value) });
    const scope = createScope(device);
    const tape = createTape();
    const x = variable(tensor([3, 8]));
    const y = linear({ device, scope, tape, precision }, down, x);
    const grad = tensor([3, 4]);
    y.grad = grad;
    tape.backward();
    expect(seen.map(({ site }) => site).sort()).toEqual(precision.sites.map(({ index }) => index).sort());
    for (const { operand, values } of seen) {
      const expected = { input: x.value, weight: weight.value, grad }[operand as 'input'];
      expect(await values).toEqual(await device.read(expected));
    }
    expect(new Set(seen.map(({ operand }) => operand))).toEqual(new Set(['input', 'weight', 'grad']));
    scope.release();
  },
);
