/** @file What statistics are: columns by name, and the rows that fit them. */
import { type Column, column } from '../arrow/column.ts';

/** The value of `octavo.layout` in statistics of this version. */
export const STATISTICS_LAYOUT = 'statistics/2';

/** One column. Where a value may be absent, `nullable` is true: there is no number that stands for "none". */
export interface StatisticsColumn {
  readonly type: 'bool' | 'int32' | 'int64' | 'float32' | 'float64' | 'utf8';
  readonly nullable: boolean;
  /** Of numbers: what one is; a share says of what it is a share. */
  readonly unit?: string;
  /** One sentence. */
  readonly meaning: string;
}

type ColumnType = StatisticsColumn['type'];

/** A column with a value in every row. */
export const required = <T extends ColumnType>(type: T, meaning: string, unit?: string) =>
  ({ type, nullable: false, meaning, ...(unit !== undefined && { unit }) }) as const;

/** A column whose value may be absent. */
export const optional = <T extends ColumnType>(type: T, meaning: string, unit?: string) =>
  ({ type, nullable: true, meaning, ...(unit !== undefined && { unit }) }) as const;

/** Columns by name, in order; one of them is `step`, int32, not nullable. */
export type StatisticsSchema = Readonly<Record<string, StatisticsColumn>>;

type Value<C extends StatisticsColumn> = C['type'] extends 'utf8'
  ? string
  : C['type'] extends 'bool'
    ? boolean
    : number;

/** A row of a schema: every column, those that are nullable only where there is a value. An int64 is a whole number to 2⁵³. */
export type StatisticsRow<S extends StatisticsSchema> = {
  readonly [K in keyof S as S[K]['nullable'] extends false ? K : never]: Value<S[K]>;
} & {
  readonly [K in keyof S as S[K]['nullable'] extends false ? never : K]?: Value<S[K]> | null;
};

/** A row as a file has it: every column, null where there is no value. */
export type StoredRow<S extends StatisticsSchema> = {
  readonly [K in keyof S]: Value<S[K]> | (S[K]['nullable'] extends false ? never : null);
};

/** Of richer facts, what the columns of a schema hold; null where there is no value. */
export const rowFrom = <S extends StatisticsSchema>(schema: S, facts: StatisticsRow<S>): StoredRow<S> =>
  Object.fromEntries(
    Object.keys(schema).map((name) => [name, facts[name as keyof typeof facts] ?? null]),
  ) as StoredRow<S>;

/** The Arrow columns of a statistics schema; unit and meaning go into each field's metadata. */
export const statisticsColumns = (schema: StatisticsSchema): readonly Column[] =>
  Object.entries(schema).map(([name, { type, nullable, unit, meaning }]) =>
    column(name, type, meaning, unit, nullable),
  );
