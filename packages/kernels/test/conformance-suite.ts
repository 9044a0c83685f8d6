/** @file The conformance suite as vitest tests, one an operator. */
import { expect, it } from 'vitest';
import type { ConformanceCase } from '../src/conformance/index.ts';

/** Declares the tests; `missing` says why there can be none, and skips them. */
export function declare(cases: readonly ConformanceCase[], missing = ''): void {
  const groups = new Map<string, ConformanceCase[]>();
  for (const one of cases) {
    const key = one.operator ?? one.name;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const [name, group] of groups) {
    it.skipIf(missing !== '')(`${name} (${group.length})`, async () => {
      const failures: string[] = [];
      for (const one of group) {
        await one.run().catch((error: unknown) => failures.push((error as Error).message));
      }
      expect(failures).toEqual([]);
    });
  }
}
