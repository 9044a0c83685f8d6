/** @file LZ4 frames (lz4 1.10, doc/lz4_Frame_format.md): what pandas writes Arrow files in, and no living package unpacks. */

const MAGIC = 0x184d2204;

/**
 * The content of a frame. Blocks may refer to what earlier ones hold; their checksums are not looked at. Throws where the
 * frame is damaged, has a dictionary, or unpacks to more than `largest` bytes.
 */
export function unpackLz4Frame(input: Uint8Array, largest: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const flags = input[4]!;
  if (view.getUint32(0, true) !== MAGIC || flags >> 6 !== 1) throw new Error('no LZ4 frame');
  if (flags & 1) throw new Error('an LZ4 frame with a dictionary');
  const [hasSize, blockChecksums] = [(flags & 8) !== 0, (flags & 16) !== 0];
  let at = 7 + (hasSize ? 8 : 0); // magic, flags, block size, content size, header checksum
  let out = new Uint8Array(Math.min(largest, 4 * input.length + 64));
  let length = 0;
  const room = (more: number): void => {
    if (length + more > largest) throw new Error(`more than ${largest} bytes, unpacked`);
    if (length + more <= out.length) return;
    const wider = new Uint8Array(Math.min(largest, 2 * (length + more)));
    wider.set(out);
    out = wider;
  };
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) return out.subarray(0, length);
    const end = at + (size & 0x7fffffff);
    if (end > input.length) throw new Error('an LZ4 block that is cut off');
    if (size >>> 31) {
      room(end - at);
      out.set(input.subarray(at, end), length);
      length += end - at;
    } else unpackBlock(at, end);
    at = end + (blockChecksums ? 4 : 0);
  }

  /** Sequences of literals and a match each (doc/lz4_Block_format.md). */
  function unpackBlock(from: number, end: number): void {
    let i = from;
    const extended = (nibble: number): number => {
      let total = nibble;
      if (nibble === 15)
        for (let byte = 255; byte === 255; total += byte) {
          if (i >= end) throw new Error('an LZ4 length that is cut off');
          byte = input[i++]!;
        }
      return total;
    };
    while (i < end) {
      const token = input[i++]!;
      const literals = extended(token >> 4);
      if (i + literals > end) throw new Error('LZ4 literals that are cut off');
      room(literals);
      out.set(input.subarray(i, i + literals), length);
      length += literals;
      i += literals;
      if (i >= end) return;
      const distance = input[i]! | (input[i + 1]! << 8);
      i += 2;
      const match = extended(token & 15) + 4;
      if (i > end || distance === 0 || distance > length) throw new Error('an LZ4 match that is nowhere');
      room(match);
      for (let k = 0; k < match; k++, length++) out[length] = out[length - distance]!;
    }
  }
}
