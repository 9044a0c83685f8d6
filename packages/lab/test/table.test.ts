import { OctavoError } from '@octavo/formats';
import { expect, it } from 'vitest';
import { tableOf } from '../src/engine/rows.ts';

it('has the declared columns in their order, and null where a row has no number', () => {
  const table = tableOf(
    `seed int, recipe text,
     loss number`,
    [{ loss: Number.NaN, seed: 1, recipe: 'fp8', other: 2 }, { seed: 2 }],
  );
  expect(table.schema.fields.map(String)).toEqual(['seed: Int32', 'recipe: Utf8', 'loss: Float64']);
  expect(table.toArray().map((row) => row.toJSON())).toEqual([
    { seed: 1, recipe: 'fp8', loss: null },
    { seed: 2, recipe: null, loss: null },
  ]);
});

it.each(['seed', 'seed integer', 'seed int,', 'seed int number'])('refuses "%s"', (columns) => {
  expect(() => tableOf(columns, [])).toThrow(OctavoError);
});
