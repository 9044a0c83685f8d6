/** @file The conformance suite on the devices of this package, and that it leaves no operator out. */
import { describe, expect, it } from 'vitest';
import { type ConformanceCase, type ConformanceOptions, conformance } from '../src/conformance/index.ts';
import { createReferenceDevice, fusedOperators, operators } from '../src/index.ts';
import { backends, expectsWebGpu } from './gpujs-support.ts';

const choices = await backends();

/** gpu.js `cpu` computes in doubles: only what rounds to no more than one result is exact there. */
const OPTIONS: Readonly<Record<string, Omit<ConformanceOptions, 'expectName'>>> = {
  cpu: {
    exact: [
      'amax',
      'embedding',
      'tokenAmax',
      'smoothScale',
      'scaleRows',
      'scaleBy',
      'add',
      'subtract',
      'multiply',
    ],
  },
  webasm: { exact: true },
  webgpu: { exact: true, subnormals: false },
};

/** Cases by operator: one test each, so that a report stays readable. */
function byOperator(cases: readonly ConformanceCase[]): ReadonlyMap<string, readonly ConformanceCase[]> {
  const groups = new Map<string, ConformanceCase[]>();
  for (const one of cases) {
    const key = one.operator ?? one.name;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

function suite(cases: readonly ConformanceCase[], skip: boolean): void {
  for (const [name, group] of byOperator(cases)) {
    (skip ? it.skip : it)(`${name} (${group.length})`, async () => {
      const failures: string[] = [];
      for (const one of group) {
        try {
          await one.run();
        } catch (error) {
          failures.push((error as Error).message);
        }
      }
      expect(failures).toEqual([]);
    });
  }
}

describe('the suite', () => {
  const cases = conformance(async () => createReferenceDevice(), { expectName: 'reference', exact: true });

  it('has cases for every operator, fused or not', () => {
    const covered = new Set(cases.map(({ operator }) => operator));
    for (const name of [...Object.keys(operators), ...Object.keys(fusedOperators)])
      expect(covered).toContain(name);
  });

  it('names no two cases alike', () => {
    const names = cases.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe('reference', () => {
  suite(
    conformance(async () => createReferenceDevice(), { expectName: 'reference', exact: true }),
    false,
  );
});

describe.each(choices)('gpu:$name', ({ name, create, missing }) => {
  it('runs, or says why not', () => {
    if (name !== 'webgpu') expect(missing).toBe('');
    else if (expectsWebGpu) expect(missing).toBe('');
    else expect(missing).toMatch(/WebGPU/);
  });
  suite(conformance(create, { expectName: `gpu:${name}`, ...OPTIONS[name]! }), missing !== '');
});
