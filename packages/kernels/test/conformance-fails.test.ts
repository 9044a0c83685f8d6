/**
 * @file The conformance suite finds faults: a device wrong in one element of one operator does not pass.
 * @module-tag slow
 */
import { describe, expect, it } from 'vitest';
import { conformance } from '../src/conformance/index.ts';
import {
  createReferenceDevice,
  type Device,
  fusedOperators,
  isFused,
  type Operator,
  operators,
} from '../src/index.ts';

/** The reference device, but `of` gives its middle element two percent too large. */
async function faulty(of: string): Promise<Device> {
  const device = createReferenceDevice();
  return Object.assign(Object.create(device), {
    ...device,
    run(operator, attributes, inputs, outs) {
      if (isFused(operator)) return device.run(operator, attributes, inputs, outs);
      const wrong = {
        ...operator,
        reference(a, views, result) {
          operator.reference(a, views, result);
          const middle = result.data.length >> 1;
          const value = result.data[middle]!;
          result.data[middle] = value === 0 ? 1e-2 : value * 1.02;
        },
      } satisfies Operator<typeof attributes>;
      device.run(operator.name === of ? wrong : operator, attributes, inputs, outs);
    },
  } satisfies Partial<Device>) as Device;
}

async function failuresOf(create: () => Promise<Device>, operator: string, exact: boolean): Promise<number> {
  const cases = conformance(create, { expectName: 'reference', exact }).filter(
    (one) => one.operator === operator,
  );
  let failures = 0;
  for (const one of cases) await one.run().catch(() => failures++);
  return failures / cases.length;
}

describe('a fault is found in most cases', () => {
  it.each(Object.keys(operators))('%s', async (name) => {
    expect(await failuresOf(async () => createReferenceDevice(), name, true)).toBe(0);
    expect(await failuresOf(() => faulty(name), name, true)).toBeGreaterThan(0.4);
    // A tolerance lets single steps of narrow formats pass, and nothing else.
    if (name !== 'cast') expect(await failuresOf(() => faulty(name), name, false)).toBeGreaterThan(0.4);
  });

  it.each(Object.keys(fusedOperators))('%s, where its fused form is wrong', async (name) => {
    const create = async () => {
      const device = createReferenceDevice();
      const broken: Device = {
        ...device,
        run(operator, attributes, inputs, outs) {
          device.run(operator, attributes, inputs, outs);
          if (operator.name !== name) return;
          const first = outs[0]!;
          device.copy(first, first, { from: 0, to: outs[0]!.shape.reduce((a, b) => a * b) - 1, length: 1 });
          device.write(
            outs[outs.length - 1]!,
            new Float32Array(outs[outs.length - 1]!.shape.reduce((a, b) => a * b)).fill(2.5), // no count
          );
        },
      };
      return broken;
    };
    expect(await failuresOf(create, name, true)).toBeGreaterThan(0.9);
  });

  it('a device of another name, and one that leaks', async () => {
    const wrongName = conformance(async () => createReferenceDevice(), { expectName: 'simd', exact: true });
    const named = (cases: typeof wrongName, name: string) => cases.find((one) => one.name.includes(name))!;
    await expect(named(wrongName, 'asked for').run()).rejects.toThrow(/got reference, expected simd/);
    const leaking = async (): Promise<Device> => ({ ...createReferenceDevice(), free: () => {} });
    const cases = conformance(leaking, { expectName: 'reference', exact: true });
    await expect(named(cases, 'contract: memory returns').run()).rejects.toThrow(/live bytes after free/);
    await named(cases, 'add: ').run();
    await expect(cases[cases.length - 1]!.run()).rejects.toThrow(/live bytes after all cases/);
  });
});
