/** @file Counting: every stretch of up to `order + 1` tokens of a text, in one hash table. */

/**
 * The stretches as nodes of a tree, node 0 the empty one: a node's parent is the stretch without its last token,
 * its suffix the stretch without its first.
 */
export interface NgramCounts {
  readonly order: number;
  /** Nodes; each array below has at least as many elements. */
  readonly size: number;
  readonly parent: Int32Array;
  /** Tokens of the stretch. */
  readonly depth: Uint8Array;
  /** How often the stretch occurs. */
  readonly occurrences: Float64Array;
  /** How many different tokens occur before it. */
  readonly predecessors: Float64Array;
  /** The node of `parent` followed by `token`, or -1. */
  find(parent: number, token: number): number;
}

/** Counts every stretch of 1 to `order + 1` tokens. Time and memory are linear in tokens and in different stretches. */
export function countNgrams(order: number, tokens: ArrayLike<number>): NgramCounts {
  let capacity = 1 << 10;
  let slots = new Int32Array(2 * capacity).fill(-1);
  let parent = new Int32Array(capacity);
  let symbol = new Int32Array(capacity);
  let depth = new Uint8Array(capacity);
  let occurrences = new Float64Array(capacity);
  let predecessors = new Float64Array(capacity);
  let size = 1;

  /** The slot that holds (node, token), or the free one where it belongs: linear probing. */
  const slotOf = (node: number, token: number): number => {
    const mask = slots.length - 1;
    let slot = mix(node, token) & mask;
    for (; slots[slot]! >= 0; slot = (slot + 1) & mask) {
      const found = slots[slot]!;
      if (parent[found] === node && symbol[found] === token) return slot;
    }
    return slot;
  };

  const grow = (): void => {
    capacity *= 2;
    const ints = (old: Int32Array) => {
      const wider = new Int32Array(capacity);
      wider.set(old);
      return wider;
    };
    const doubles = (old: Float64Array) => {
      const wider = new Float64Array(capacity);
      wider.set(old);
      return wider;
    };
    [parent, symbol] = [ints(parent), ints(symbol)];
    [occurrences, predecessors] = [doubles(occurrences), doubles(predecessors)];
    const deeper = new Uint8Array(capacity);
    deeper.set(depth);
    depth = deeper;
    slots = new Int32Array(2 * capacity).fill(-1);
    for (let node = 1; node < size; node++) slots[slotOf(parent[node]!, symbol[node]!)] = node;
  };

  // ending[k]: the node of the last k tokens.
  let ending = new Int32Array(order + 2);
  let next = new Int32Array(order + 2);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const longest = Math.min(i, order);
    for (let k = 0; k <= longest; k++) {
      const slot = slotOf(ending[k]!, token);
      let node = slots[slot]!;
      if (node < 0) {
        node = size++;
        slots[slot] = node;
        parent[node] = ending[k]!;
        symbol[node] = token;
        depth[node] = k + 1;
        // The first time a stretch is seen is one more token seen before its suffix.
        if (k > 0) predecessors[next[k]!] = predecessors[next[k]!]! + 1;
        if (size === capacity) grow();
      }
      occurrences[node] = occurrences[node]! + 1;
      next[k + 1] = node;
    }
    [ending, next] = [next, ending];
  }
  return {
    order,
    size,
    parent,
    depth,
    occurrences,
    predecessors,
    find: (node, token) => slots[slotOf(node, token)]!,
  };
}

function mix(node: number, token: number): number {
  let x = Math.imul(node, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x21f0aaad);
  return (x ^ (x >>> 15)) >>> 0;
}
