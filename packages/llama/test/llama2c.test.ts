/** @file llama2.c's files: written here by its own order, read by ours; sizes that lie. */
import { counterRandom, OctavoError } from '@octavo/formats';
import { expect, test } from 'vitest';
import { LLAMA2C_HEADER, llama2cLayout } from '../src/index.ts';

const [D, F, L, H, KV, V, C] = [8, 12, 2, 2, 1, 11, 5];
const hd = D / H;

/** `export.py`'s names and sizes, each weight a number of its own. */
const parts = {
  tok: [V * D],
  an: [D, D],
  wq: [D * D, D * D],
  wk: [KV * hd * D, KV * hd * D],
  wv: [KV * hd * D, KV * hd * D],
  wo: [D * D, D * D],
  fn: [D, D],
  w1: [F * D, F * D],
  w2: [F * D, F * D],
  w3: [F * D, F * D],
  norm: [D],
  cos: [(C * hd) / 2],
  sin: [(C * hd) / 2],
  out: [V * D],
};
const orders = {
  0: ['tok', 'an', 'wq', 'wk', 'wv', 'wo', 'fn', 'w1', 'w2', 'w3', 'norm', 'cos', 'sin'],
  1: ['an', 'fn', 'norm', 'tok', 'wq', 'wk', 'wv', 'wo', 'w1', 'w2', 'w3'],
} as const;
const theirs: Record<string, string> = {
  tok: 'model.embed_tokens',
  an: 'model.layers.L.input_layernorm',
  wq: 'model.layers.L.self_attn.q_proj',
  wk: 'model.layers.L.self_attn.k_proj',
  wv: 'model.layers.L.self_attn.v_proj',
  wo: 'model.layers.L.self_attn.o_proj',
  fn: 'model.layers.L.post_attention_layernorm',
  w1: 'model.layers.L.mlp.gate_proj',
  w2: 'model.layers.L.mlp.down_proj',
  w3: 'model.layers.L.mlp.up_proj',
  norm: 'model.norm',
  out: 'lm_head',
};

/** A file, and for each Hugging Face tensor the number that its values are. */
function make(version: 0 | 1, shared: boolean): { file: Buffer; values: Map<string, number> } {
  const order: string[] = [...orders[version], ...(shared ? [] : ['out'])];
  const numbers: number[] = [];
  const values = new Map<string, number>();
  for (const part of order)
    for (const [layer, count] of parts[part as keyof typeof parts].entries()) {
      const value = values.size + (part === 'cos' || part === 'sin' ? 1000 : 1);
      if (theirs[part] !== undefined) values.set(`${theirs[part].replace('L', `${layer}`)}.weight`, value);
      for (let i = 0; i < count; i++) numbers.push(value);
    }
  const header = Buffer.alloc(version === 0 ? 28 : 256);
  const sizes = [D, F, L, H, KV, version === 0 && !shared ? -V : V, C];
  const at = version === 0 ? 0 : 8;
  if (version === 1) header.writeUInt32LE(0x616b3432, 0) && header.writeInt32LE(1, 4);
  for (const [i, size] of sizes.entries()) header.writeInt32LE(size, at + 4 * i);
  if (version === 1) header.writeUInt8(shared ? 1 : 0, 36);
  return { file: Buffer.concat([header, Buffer.from(Float32Array.from(numbers).buffer)]), values };
}

const layoutOf = (file: Buffer) => llama2cLayout(file.subarray(0, LLAMA2C_HEADER), file.length);

test.each([
  [0, true],
  [0, false],
  [1, true],
  [1, false],
] as const)('version %i, shared head %s: every weight is where it stands', (version, shared) => {
  const { file, values } = make(version, shared);
  const { config, tensors, version: found } = layoutOf(file);
  expect(found).toBe(version);
  expect(config).toMatchObject({
    ...{ hiddenSize: D, ffnSize: F, layers: L, heads: H, keyValueHeads: KV, vocabularySize: V },
    ...{ contextLength: C, tiedHead: shared, ropeTheta: 10_000, normEpsilon: 1e-5 },
  });
  expect(tensors.map(({ name }) => name).sort()).toEqual([...values.keys()].sort());
  for (const { name, shape, offset, interleavedHeads } of tensors) {
    const count = shape.reduce((a, b) => a * b, 1);
    for (let i = 0; i < count; i++) expect(file.readFloatLE(offset + 4 * i), name).toBe(values.get(name));
    expect(interleavedHeads).toBe(name.includes('q_proj') ? H : name.includes('k_proj') ? KV : null);
  }
});

test('sizes that lie are refused before anything is made of them', () => {
  const { file } = make(1, true);
  const refused = (change: (copy: Buffer) => unknown, message: RegExp, size = file.length): void => {
    const copy = Buffer.from(file);
    change(copy);
    expect(() => llama2cLayout(copy.subarray(0, LLAMA2C_HEADER), size)).toThrow(message);
  };
  refused(() => 0, /got \d+ bytes, expected \d+ for the sizes/, file.length - 4);
  refused((copy) => copy.writeInt32LE(2, 4), /got version 2, expected 0 or 1/);
  refused((copy) => copy.writeInt32LE(-V, 28), /vocabularySize: got -11/);
  refused((copy) => copy.writeInt32LE(0x7fffffff, 8), /hiddenSize: got 2147483647/);
  refused((copy) => copy.writeInt32LE(0, 20), /heads: got 0/);
  expect(() => llama2cLayout(new Uint8Array(20), 20)).toThrow(/got 20 bytes, expected at least 28/);
});

test('5,000 altered headers: a layout within the file, or one refusal', () => {
  const files = [make(0, true).file, make(0, false).file, make(1, true).file];
  let taken = 0;
  for (let seed = 0; seed < 5000; seed++) {
    const copy = Buffer.from(files[seed % 3]!);
    for (let i = 0; i <= counterRandom(seed, 9) % 2; i++)
      copy[(counterRandom(seed, i) >>> 8) % 40] = (counterRandom(seed, 20 + i) >>> 12) % 256;
    try {
      for (const { offset, shape } of layoutOf(copy).tensors)
        expect(offset + 4 * shape.reduce((a, b) => a * b, 1)).toBeLessThanOrEqual(copy.length);
      taken++;
    } catch (error) {
      if (!OctavoError.is(error) || error.exitCode !== 2) throw error;
    }
  }
  expect(taken).toBeGreaterThan(50);
  expect(taken).toBeLessThan(4000);
});
