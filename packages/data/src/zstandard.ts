/** @file Zstandard, unpacked piece by piece. */

/** Empty pieces that the decoder gives for one piece of input at most; on damage it gives them for ever. */
const MOST_EMPTY = 8;

/** An unpacker; it throws where the bytes are damaged or cut off. */
export async function loadZstandard(): Promise<(input: Iterable<Uint8Array>) => Generator<Uint8Array>> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return function* (input) {
    let empty = 0;
    function* counted(): Generator<Uint8Array> {
      for (const piece of input) {
        empty = 0;
        yield piece;
      }
    }
    for (const piece of decoder.decodeStreaming(counted())) {
      empty = piece.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY) throw new Error('bytes that are not Zstandard’s');
      if (piece.length > 0) yield piece;
    }
  };
}
