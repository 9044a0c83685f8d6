/**
 * @file A summation tree over numbered items: what is summed with what depends on the items' numbers alone, so that it does
 * not matter which rank sums which of them.
 */

/** From `from` up to, and without, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A node of the tree: `size` items, a power of two, from a multiple of it on. */
export interface Node {
  readonly from: number;
  readonly size: number;
}

/** The fewest nodes that make up a range, in order. */
export function nodesOf({ from, to }: Range): Node[] {
  const nodes: Node[] = [];
  for (let at = from; at < to; at += nodes.at(-1)!.size) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size <= to) size *= 2;
    nodes.push({ from: at, size });
  }
  return nodes;
}

/** A sum under way, of neighbours one after another, each an item or a node. */
export interface TreeSum<T> {
  push(node: Node, value: T): void;
  /** The nodes so far: those of `nodesOf` the range that was pushed. */
  values(): readonly T[];
  /** The sum of them, the last ones first; undefined: nothing was pushed. */
  total(): T | undefined;
}

/** `add` gives the sum of two neighbours, and may use up both. */
export function createTreeSum<T>(add: (left: T, right: T) => T): TreeSum<T> {
  const nodes: (Node & { readonly value: T })[] = [];
  return {
    push(node, value) {
      let last = { ...node, value };
      for (let left = nodes.at(-1); left && areTwins(left, last); left = nodes.at(-1)) {
        nodes.pop();
        last = { from: left.from, size: 2 * last.size, value: add(left.value, last.value) };
      }
      nodes.push(last);
    },
    values: () => nodes.map(({ value }) => value),
    total: () =>
      nodes.reduceRight<T | undefined>(
        (sum, { value }) => (sum === undefined ? value : add(value, sum)),
        undefined,
      ),
  };
}

/** Two halves of one node. */
const areTwins = (left: Node, right: Node): boolean =>
  left.size === right.size && left.from % (2 * left.size) === 0;
