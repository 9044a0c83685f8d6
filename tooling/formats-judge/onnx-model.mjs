/**
 * @file The smallest ONNX writer that can say `Cast`: a model is a protobuf message, and a message is a list of fields.
 * Field numbers: onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto).
 */

const VARINT = 0;
const BYTES = 2;
const FLOAT = 1;
const ATTRIBUTE_INT = 2;

function varint(n) {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}

const integer = (field, n) => [...varint(field * 8 + VARINT), ...varint(n)];
const message = (field, ...parts) => {
  const body = parts.flat();
  return [...varint(field * 8 + BYTES), ...varint(body.length), ...body];
};
const text = (field, string) => message(field, [...Buffer.from(string)]);

/** A float32 vector by name, its length free. */
const vector = (field, name) => {
  const shape = message(2, message(1, text(2, 'n')));
  return message(field, text(1, name), message(2, message(1, integer(1, FLOAT), shape)));
};

const cast = (from, to, attributes) => {
  const attribute = ([name, value]) =>
    message(5, text(1, name), integer(3, value), integer(20, ATTRIBUTE_INT));
  return message(
    1,
    text(1, from),
    text(2, to),
    text(4, 'Cast'),
    ...Object.entries(attributes).map(attribute),
  );
};

/** x → Cast to `type` → Cast to float32, for each of `casts` ({ name, type, saturate }); outputs bear their names. */
export function castModel(casts) {
  const nodes = casts.flatMap(({ name, type, saturate }) => [
    cast('x', `${name}-code`, { to: type, saturate: saturate ? 1 : 0 }),
    cast(`${name}-code`, name, { to: FLOAT }),
  ]);
  const outputs = casts.map(({ name }) => vector(12, name));
  const graph = message(7, ...nodes, text(2, 'casts'), vector(11, 'x'), ...outputs);
  const opset = message(8, text(1, ''), integer(2, 19));
  return Uint8Array.from([...integer(1, 9), ...graph, ...opset]);
}
