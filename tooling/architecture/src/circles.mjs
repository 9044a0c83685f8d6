/** @file The circles of a graph: its strongly connected parts of more than one node, by Tarjan (SIAM J. Comput. 1, 1972). */

/**
 * @param {ReadonlyMap<string, readonly string[]>} edges
 * @returns {string[][]} the members of each circle, in order of their names
 */
export function circlesOf(edges) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} the earliest node that each reaches */
  const earliest = new Map();
  /** @type {string[]} */
  const open = [];
  /** @type {string[][]} */
  const circles = [];

  const visit = (/** @type {string} */ node) => {
    const mine = order.size;
    order.set(node, mine);
    let least = mine;
    open.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (open.includes(next)) least = Math.min(least, earliest.get(next) ?? order.get(next) ?? mine);
    }
    earliest.set(node, least);
    if (least < mine) return;
    const part = open.splice(open.indexOf(node));
    if (part.length > 1 || edges.get(node)?.includes(node)) circles.push(part.sort());
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return circles;
}
