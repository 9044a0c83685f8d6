/** @file A stream of bytes, line by line. */
import { badInput } from './text-file.ts';

const NEWLINE = 10;

/** Lines without their LF, however the stream is cut; a last line without LF counts. Throws past `longest` bytes a line. */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  longest: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let line = 1;
  const add = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > longest)
      throw badInput(
        `${name}:${line} is too long for one document: got more than ${longest} bytes without a line break`,
      );
    pieces.push(piece);
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      yield Buffer.concat(pieces);
      [pieces, length, start] = [[], 0, end + 1];
      line++;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield Buffer.concat(pieces);
}
