/** @file Sampled tensors as the cells of a heat map: steps gathered to columns, equal neighbours joined. */
import type { TensorPoint } from './rows.ts';
import { distinct } from './values.ts';

/** A stretch of steps over which a layer's operand has one value. */
export interface HeatCell {
  readonly site: string;
  readonly operand: string;
  readonly layer: number;
  /** Steps: from this one up to, and without, that one. */
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

export interface HeatColumns {
  /** Where each begins, and the end of the last. */
  readonly edges: readonly number[];
  /** Sampled steps a column, at most; 1: nothing was gathered. */
  readonly gathered: number;
}

export type Measured = 'amax' | 'overflows' | 'underflows' | 'kurtosis';

/** At most `limit` columns of equally many sampled steps; null where nothing was sampled. */
export function columnsOf(tensors: readonly TensorPoint[], limit = 95): HeatColumns | null {
  const sampled = distinct(tensors.map(({ step }) => step));
  if (sampled.length === 0) return null;
  const gathered = Math.ceil(sampled.length / limit);
  const starts = sampled.filter((_, i) => i % gathered === 0);
  const width = starts.length > 1 ? starts.at(-1)! - starts.at(-2)! : 1;
  return { edges: [...starts, Math.max(starts.at(-1)! + width, sampled.at(-1)! + 1)], gathered };
}

/** The largest value of every layer's operand in every column, passed through `level`; null values leave a hole. */
export function cellsOf(
  tensors: readonly TensorPoint[],
  { edges }: HeatColumns,
  measured: Measured,
  level: (value: number) => number,
): HeatCell[] {
  const rows = new Map<string, Pick<HeatCell, 'site' | 'operand' | 'layer'> & { values: number[] }>();
  for (const { site, operand, layer, step, [measured]: value } of tensors) {
    if (value === null) continue;
    const key = `${site}/${operand}/${layer}`;
    const row = rows.get(key) ?? { site, operand, layer, values: [] };
    rows.set(key, row);
    const column = edges.findLastIndex((edge) => edge <= step);
    row.values[column] = Math.max(row.values[column] ?? Number.NEGATIVE_INFINITY, value);
  }
  return [...rows.values()].flatMap(({ values, ...row }) => {
    const cells: HeatCell[] = [];
    for (const [i, raw] of values.entries()) {
      if (raw === undefined) continue;
      const [value, from, to] = [level(raw), edges[i]!, edges[i + 1]!];
      const before = cells.at(-1);
      if (before?.to === from && before.value === value) cells[cells.length - 1] = { ...before, to };
      else cells.push({ ...row, from, to, value });
    }
    return cells;
  });
}
