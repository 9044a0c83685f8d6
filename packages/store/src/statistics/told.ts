/** @file A row as it is told outside of tables, in JSON and in code: `learning_rate` is `learningRate`. */

/** Units and meanings stand with the columns (`runStatistics`). */
export type Told<Row> = {
  readonly [K in keyof Row as Camel<K & string>]-?: Exclude<Row[K], undefined>;
};

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

/** The same values under the told names. */
export const told = <Row extends object>(row: Row): Told<Row> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  ) as Told<Row>;
