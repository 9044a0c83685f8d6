/** @file The smallest ONNX writer that can say `MatMul`. Field numbers: onnx.proto. */

function varint(n: number): number[] {
  const bytes: number[] = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}

const integer = (field: number, n: number): number[] => [...varint(field * 8), ...varint(n)];
const message = (field: number, ...parts: readonly (readonly number[])[]): number[] => {
  const body = parts.flat();
  return [...varint(field * 8 + 2), ...varint(body.length), ...body];
};
const text = (field: number, string: string): number[] => message(field, [...Buffer.from(string)]);

const FLOAT = 1;
const matrix = (field: number, name: string, size: number): number[] => {
  const dimension = message(1, integer(1, size));
  return message(
    field,
    text(1, name),
    message(2, message(1, integer(1, FLOAT), message(2, dimension, dimension))),
  );
};

/** c = a · b, all of `size` squared. */
export function matMulModel(size: number): Uint8Array {
  const node = message(1, text(1, 'a'), text(1, 'b'), text(2, 'c'), text(4, 'MatMul'));
  const tensors = [matrix(11, 'a', size), matrix(11, 'b', size), matrix(12, 'c', size)];
  const graph = message(7, node, text(2, 'product'), ...tensors);
  return Uint8Array.from([...integer(1, 9), ...graph, ...message(8, text(1, ''), integer(2, 17))]);
}
