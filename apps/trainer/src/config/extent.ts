/** @file How much a configuration says: a few lines of aliases may stand for more than any memory holds. */

const MOST_VALUES = 10_000;
const DEEPEST = 64;

/** The value; throws where it holds, aliases written out, more than 10,000 values, or is nested more than 64 deep. */
export function checkExtent(value: unknown): unknown {
  let values = 0;
  const walk = (part: unknown, depth: number): void => {
    if (++values > MOST_VALUES) throw new Error(`it holds more than ${MOST_VALUES} values`);
    if (depth > DEEPEST) throw new Error(`it is nested more than ${DEEPEST} deep`);
    if (typeof part !== 'object' || part === null) return;
    for (const inside of Object.values(part)) walk(inside, depth + 1);
  };
  walk(value, 0);
  return value;
}
