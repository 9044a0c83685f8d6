/** @file The two orders of the rows of q and k: the pairs that RoPE turns side by side (Meta), or half a head apart (Hugging Face). */

/** Rows of `width` values, `heads` heads of an even number of rows each. */
interface Rows {
  readonly heads: number;
  readonly width: number;
}

/**
 * From Meta's order to Hugging Face's: within a head, row 2i goes to i and row 2i + 1 to i + headDim / 2 (transformers,
 * `convert_llama_weights_to_hf`, `permute`). A copy.
 */
export const fromInterleaved = (values: Float32Array, rows: Rows): Float32Array =>
  reordered(values, rows, (i, half) => (i < half ? 2 * i : 2 * (i - half) + 1));

/** From Hugging Face's order to Meta's: `fromInterleaved` undone. A copy. */
export const toInterleaved = (values: Float32Array, rows: Rows): Float32Array =>
  reordered(values, rows, (i, half) => (i % 2 === 0 ? i / 2 : half + (i - 1) / 2));

/** Row i of every head comes from row `source(i, headDim / 2)` of that head. */
function reordered(
  values: Float32Array,
  { heads, width }: Rows,
  source: (row: number, half: number) => number,
): Float32Array {
  const result = new Float32Array(values.length);
  const headDim = values.length / heads / width;
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < headDim; row++) {
      const from = (head * headDim + source(row, headDim / 2)) * width;
      result.set(values.subarray(from, from + width), (head * headDim + row) * width);
    }
  return result;
}
