/** @file A Llama of ours as a GGUF file, llama.cpp's format. Layout: ggml's docs/gguf.md, version 3. */
import { BF16, encode, encodeArray, FP16 } from '@octavo/formats';
import { headDimOf, huggingFaceTensors, type LlamaConfig, toHuggingFace } from '@octavo/llama';

/** How matrices are written; gains are float32. */
export type GgufKind = 'fp32' | 'bf16' | 'q8_0';

/** Elements of a block of Q8_0, which has a scale in FP16 before its bytes. */
const BLOCK = 32;
const ALIGNMENT = 32;
const types: Readonly<Record<GgufKind, number>> = { fp32: 0, bf16: 30, q8_0: 8 };

const u32 = (n: number): Buffer => Buffer.from(Uint32Array.of(n).buffer);
const u64 = (n: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(n)).buffer);
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const about = (key: string, value: number | string, float = false): Buffer => {
  if (typeof value === 'string') return Buffer.concat([text(key), u32(8), text(value)]);
  const number = float ? Buffer.from(Float32Array.of(value).buffer) : u32(value);
  return Buffer.concat([text(key), u32(float ? 6 : 4), number]);
};
const list = (key: string, type: number, values: readonly Buffer[]): Buffer =>
  Buffer.concat([text(key), u32(9), u32(type), u64(values.length), ...values]);
const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(-bytes.length & (ALIGNMENT - 1))]);

/** Of 32 values each: amax / 127 as FP16, and the values over it as signed bytes. */
export function q8Blocks(values: Float32Array): Buffer {
  const bytes = Buffer.alloc((values.length / BLOCK) * (2 + BLOCK));
  for (let block = 0; block < values.length / BLOCK; block++) {
    const part = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    const scale = part.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127;
    const at = block * (2 + BLOCK);
    bytes.writeUInt16LE(encode(FP16, scale), at);
    for (const [i, x] of part.entries()) bytes.writeInt8(scale ? Math.round(x / scale) : 0, at + 2 + i);
  }
  return bytes;
}

function bytesOf(values: Float32Array, kind: GgufKind): Buffer {
  if (kind === 'q8_0') return q8Blocks(values);
  const { buffer, byteOffset, byteLength } = kind === 'fp32' ? values : encodeArray(BF16, values);
  return Buffer.from(buffer, byteOffset, byteLength);
}

const names: readonly (readonly [RegExp, string])[] = [
  [/^model\.layers\.(\d+)\./, 'blk.$1.'],
  [/^model\.embed_tokens/, 'token_embd'],
  [/^model\.norm/, 'output_norm'],
  [/^lm_head/, 'output'],
  [/input_layernorm/, 'attn_norm'],
  [/post_attention_layernorm/, 'ffn_norm'],
  [/self_attn\.o_proj/, 'attn_output'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/mlp\.(gate|up|down)_proj/, 'ffn_$1'],
];
/** llama.cpp's name of a Hugging Face tensor. */
export const ggufName = (name: string): string =>
  names.reduce((so, [pattern, theirs]) => so.replace(pattern, theirs), name);

/** Rows of each head from halves (0, hd/2, 1, hd/2 + 1, …), for llama.cpp turns neighbours. */
export function interleaved(values: Float32Array, columns: number, headDim: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const within = row % headDim;
    const from = row - within + (within >> 1) + (within & 1) * (headDim / 2);
    out.set(values.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return out;
}

/** llama.cpp wants a vocabulary, of which nothing is used here: Llama 2's three marks and 256 bytes, then names. */
function vocabulary(size: number): Buffer[] {
  const tokens = Array.from({ length: size }, (_, i) => {
    if (i < 3) return ['<unk>', '<s>', '</s>'][i]!;
    return i < 259 ? `<0x${(i - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `token${i}`;
  });
  const [NORMAL, UNKNOWN, CONTROL, BYTE] = [1, 2, 3, 6];
  const kind = (i: number): number => (i > 258 ? NORMAL : i > 2 ? BYTE : i > 0 ? CONTROL : UNKNOWN);
  return [
    about('tokenizer.ggml.model', 'llama'),
    list('tokenizer.ggml.tokens', 8, tokens.map(text)),
    list(
      'tokenizer.ggml.scores',
      6,
      tokens.map((_, i) => Buffer.from(Float32Array.of(-i).buffer)),
    ),
    list(
      'tokenizer.ggml.token_type',
      5,
      tokens.map((_, i) => u32(kind(i))),
    ),
  ];
}

/** The file. Parameters are float32, by our names. */
export function ggufOf(
  config: LlamaConfig,
  parameter: (name: string) => Float32Array,
  kind: GgufKind,
): Buffer {
  const headDim = headDimOf(config);
  const values = toHuggingFace(config, parameter);
  const heads: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape } of huggingFaceTensors(config)) {
    const turned = /[qk]_proj/.test(name);
    const numbers = turned ? interleaved(values.get(name)!, shape[1]!, headDim) : values.get(name)!;
    const how = shape.length === 1 ? 'fp32' : kind;
    const bytes = padded(bytesOf(numbers, how));
    const sides = [...shape].reverse().map(u64); // ggml names the fastest first
    heads.push(
      Buffer.concat([text(ggufName(name)), u32(shape.length), ...sides, u32(types[how]), u64(offset)]),
    );
    data.push(bytes);
    offset += bytes.length;
  }
  const facts = [
    about('general.architecture', 'llama'),
    about('llama.vocab_size', config.vocabularySize),
    about('llama.context_length', config.contextLength),
    about('llama.embedding_length', config.hiddenSize),
    about('llama.block_count', config.layers),
    about('llama.feed_forward_length', config.ffnSize),
    about('llama.rope.dimension_count', headDim),
    about('llama.rope.freq_base', config.ropeTheta, true),
    about('llama.attention.head_count', config.heads),
    about('llama.attention.head_count_kv', config.keyValueHeads),
    about('llama.attention.layer_norm_rms_epsilon', config.normEpsilon, true),
    ...vocabulary(config.vocabularySize),
  ];
  const start = [Buffer.from('GGUF'), u32(3), u64(heads.length), u64(facts.length)];
  return Buffer.concat([padded(Buffer.concat([...start, ...facts, ...heads])), ...data]);
}
