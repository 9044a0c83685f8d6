/** @file The conformance suite leaves no operator out, and the reference passes it. */
import { describe, expect, it } from 'vitest';
import { conformance } from '../src/conformance/index.ts';
import { createReferenceDevice, fusedOperators, operators } from '../src/index.ts';
import { declare } from './conformance-suite.ts';

const cases = conformance(async () => createReferenceDevice(), { expectName: 'reference', exact: true });

it('has cases for every operator, fused or not', () => {
  const covered = new Set(cases.map(({ operator }) => operator));
  for (const name of [...Object.keys(operators), ...Object.keys(fusedOperators)]) {
    expect(covered).toContain(name);
  }
});

it('names no two cases alike', () => {
  const names = cases.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it('leaves out what a device says it lacks', () => {
  const fewer = conformance(async () => createReferenceDevice(), {
    expectName: 'reference',
    exact: true,
    subnormals: false,
    nonFinite: false,
  });
  expect(fewer.length).toBeLessThan(cases.length);
  expect(fewer.some(({ name }) => name.includes('subnormal'))).toBe(false);
});

describe('reference', () => declare(cases));
