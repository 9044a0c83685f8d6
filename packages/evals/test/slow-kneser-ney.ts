/** @file Interpolated modified Kneser-Ney again, with strings and maps and no sharing: an independent expectation. */

type Counts = Map<string, Map<number, number>>;

/** p(token | context) of a model of `order`, as TR-10-98 writes it down. */
export function slowKneserNey(
  order: number,
  text: readonly number[],
  vocabulary: number,
): (context: readonly number[], token: number) => number {
  const tables: Counts[] = [];
  for (let length = 0; length <= order; length++) {
    const seen = new Map<string, Map<number, Set<number> | number>>();
    for (let i = length; i < text.length; i++) {
      const context = text.slice(i - length, i).join(' ');
      const row = seen.get(context) ?? new Map();
      seen.set(context, row);
      if (length === order) row.set(text[i], (row.get(text[i]) ?? 0) + 1);
      else row.set(text[i], (row.get(text[i]) ?? new Set()).add(text[i - length - 1] ?? -1));
    }
    tables.push(
      new Map(
        [...seen].map(([context, row]) => [
          context,
          new Map(
            [...row].map(([token, c]) => {
              if (typeof c === 'number') return [token, c];
              c.delete(-1);
              return [token, Math.max(c.size, 1)];
            }),
          ),
        ]),
      ),
    );
  }
  const discounts = tables.map((table) => {
    const n = [0, 1, 2, 3, 4].map(
      (r) => [...table.values()].flatMap((row) => [...row.values()]).filter((c) => c === r).length,
    );
    const y = n[1]! / (n[1]! + 2 * n[2]!);
    const three = [1, 2, 3].map((r) => r - ((r + 1) * y * n[r + 1]!) / n[r]!);
    if (n.slice(1).every((x) => x > 0) && three.every((d, r) => d > 0 && d <= r + 1)) return three;
    return n[1]! > 0 && n[2]! > 0 ? [y, y, y] : [0.5, 0.5, 0.5];
  });
  const probability = (context: readonly number[], token: number): number => {
    const shorter = context.length === 0 ? 1 / vocabulary : probability(context.slice(1), token);
    const row = tables[context.length]!.get(context.join(' '));
    if (!row) return shorter;
    const d = (c: number) => discounts[context.length]![Math.min(c, 3) - 1]!;
    const total = [...row.values()].reduce((a, b) => a + b, 0);
    const freed = [...row.values()].reduce((a, c) => a + d(c), 0) / total;
    const c = row.get(token);
    return (c === undefined ? 0 : (c - d(c)) / total) + freed * shorter;
  };
  return probability;
}
