import { describe, expect, it } from 'vitest';
import { benches, jsonRows, runBenches, toMarkdown, toText } from '../src/bench/index.ts';

describe('the benches, in their quick form', () => {
  it.each(benches)('%s: every figure is a number, and none but "statistics" may be zero', async (name) => {
    for await (const table of runBenches({ only: [name], threads: 2, quick: true })) {
      expect(table.id).toBe(name);
      expect(table.rows.length).toBeGreaterThan(1);
      for (const row of table.rows) {
        for (const { key } of table.columns) {
          expect(row.values[key], `${row.name} ${key}`).toBeGreaterThanOrEqual(0);
          if (key !== 'statistics') expect(row.values[key], `${row.name} ${key}`).toBeGreaterThan(0);
        }
      }
      expect(jsonRows(table)).toHaveLength(table.rows.length);
      expect(toText(table).split('\n').length).toBeGreaterThan(table.rows.length);
      expect(toMarkdown(table)).toContain(`## ${table.title}`);
    }
  });
});
