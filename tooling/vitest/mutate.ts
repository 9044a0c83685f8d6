/** @file Ways in which a file goes wrong: bits, bytes, words at their extremes, stretches that go, come twice or change places. */

export type Mutation = 'tail' | 'other';

const extremes = [0xffffffff, 0x7fffffff, 0x80000000, 0, 1, 0x7ffffff8, 0xfffffff8];

/** A damaged copy, and whether only the file's end is damaged (cut off, or zeros). */
export function mutate(
  file: Uint8Array,
  random: (bound: number) => number,
): { bytes: Buffer; kind: Mutation } {
  const bytes = Buffer.from(file);
  // Headers and footer are where bytes mean most.
  const zone = random(4);
  const edge = Math.min(file.length, 4000);
  const at = zone === 0 ? random(edge) : zone === 1 ? file.length - 1 - random(edge) : random(file.length);
  const length = Math.min(file.length - at, 1 + random(zone === 3 ? 600 : 12));
  const cut = (...parts: readonly Uint8Array[]) => ({ bytes: Buffer.concat(parts), kind: 'other' as const });
  switch (random(12)) {
    case 0:
    case 1:
    case 2:
      bytes[at]! ^= 1 << random(8);
      return { bytes, kind: 'other' };
    case 3:
      bytes[at] = random(256);
      return { bytes, kind: 'other' };
    case 4:
    case 5:
      bytes.writeUInt32LE(extremes[random(extremes.length)]!, Math.min(at & ~3, file.length - 4));
      return { bytes, kind: 'other' };
    case 6:
      return { bytes: bytes.subarray(0, at), kind: 'tail' };
    case 7:
      return { bytes: bytes.fill(0, at), kind: 'tail' };
    case 8:
      return cut(file.subarray(0, at), file.subarray(at + length));
    case 9:
      return cut(file.subarray(0, at + length), file.subarray(at));
    case 10:
      return cut(file.subarray(0, at), Buffer.alloc(length, random(256)), file.subarray(at));
    default: {
      const other = random(file.length - length + 1);
      bytes.set(file.subarray(at, at + length), other);
      return { bytes, kind: 'other' };
    }
  }
}

const watched = [
  'Uint8Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
] as const;

/** Runs `use` and gives the most bytes that one typed array asked for by its length. */
export async function largestAllocation(use: () => Promise<void>): Promise<number> {
  let largest = 0;
  const scope = globalThis as unknown as Record<string, { BYTES_PER_ELEMENT: number }>;
  const originals = watched.map((name) => scope[name]!);
  for (const [i, name] of watched.entries())
    scope[name] = new Proxy(originals[i]!, {
      construct(target, [length, ...rest]: unknown[], newTarget) {
        if (typeof length === 'number') largest = Math.max(largest, length * target.BYTES_PER_ELEMENT);
        return Reflect.construct(target as never, [length, ...rest], newTarget);
      },
    });
  try {
    await use();
  } finally {
    for (const [i, name] of watched.entries()) scope[name] = originals[i]!;
  }
  return largest;
}
