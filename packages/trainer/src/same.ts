/** @file Whether two pieces of plain data mean the same, in whatever order their text has them. */

/** JSON with the keys of every object sorted; a key that holds `undefined` counts as absent. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

export const sameValue = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
