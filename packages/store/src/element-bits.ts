/** @file How many bits an element takes on disk, by the name of its format. */
import { formats, OctavoError, quoted } from '@octavo/formats';

/** Names beside the number formats of `@octavo/formats`: what counters, ids and random states are made of. */
const integers: Readonly<Record<string, number>> = {
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  uint32: 32,
  int32: 32,
  uint64: 64,
  int64: 64,
  fp64: 64,
};

/** Formats of your own, by name: as in `@octavo/formats`, only `bits` is looked at. */
export type ExtraFormats = Readonly<Record<string, { readonly bits: number }>>;

/** Bits of one element. Throws an `OctavoError` for a name that neither table has. */
export function elementBits(format: string, extra: ExtraFormats = {}): number {
  const own = <T>(table: Readonly<Record<string, T>>): T | undefined =>
    Object.hasOwn(table, format) ? table[format] : undefined;
  const bits = own(extra)?.bits ?? own(formats)?.bits ?? own(integers);
  if (bits === undefined || !Number.isInteger(bits) || bits < 1 || bits > 1024)
    throw new OctavoError(
      `[store] format is unknown: got ${quoted(format)}, expected one of ${[...Object.keys(formats), ...Object.keys(integers)].join(', ')}: pass your own in the option formats`,
    );
  return bits;
}

/**
 * Bytes of a tensor: `⌈elements · bits / 8⌉`, elements packed without gaps. Throws an `OctavoError` for shapes that are
 * no shapes and for sizes beyond 2⁵³.
 */
export function tensorBytes(shape: readonly number[], format: string, extra: ExtraFormats = {}): number {
  if (shape.length > 32)
    throw new OctavoError(`[store] shape has too many axes: got ${shape.length}, expected at most 32`);
  let elements = 1;
  for (const axis of shape) {
    elements *= axis;
    if (!Number.isSafeInteger(axis) || axis < 0 || elements > 2 ** 50)
      throw new OctavoError(
        `[store] shape is impossible: got [${shape.slice(0, 32).join(', ')}], expected whole numbers from 0`,
      );
  }
  return Math.ceil((elements * elementBits(format, extra)) / 8);
}
