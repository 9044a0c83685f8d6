/** @file The `.bin` files of llama2.c (https://github.com/karpathy/llama2.c, `export.py` and `run.c`): float32, versions 0 and 1. */
import { OctavoError } from '@octavo/formats';
import { type LlamaConfig, validateConfig } from './config.ts';
import { type HuggingFaceTensor, huggingFaceTensors } from './hugging-face.ts';

/** One of the model's tensors in the file, by its Hugging Face name. */
export interface Llama2cTensor extends Pick<HuggingFaceTensor, 'name' | 'shape'> {
  /** First byte of its float32 values in the file. */
  readonly offset: number;
  /** Heads whose rows are in Meta's interleaved order (`fromInterleaved`); null where there is no such order. */
  readonly interleavedHeads: number | null;
}

/** Bytes of a file's beginning that say what it is. */
export const LLAMA2C_HEADER = 256;

const MAGIC = 0x616b3432; // "ak42"
const V1_WEIGHTS = 256;

/** The order of the weights; a name with a `*` stands once for every layer. Version 0 puts RoPE's tables before the head. */
const ORDER: Readonly<Record<0 | 1, readonly string[]>> = {
  0: [
    'model.embed_tokens',
    'model.layers.*.input_layernorm',
    'model.layers.*.self_attn.q_proj',
    'model.layers.*.self_attn.k_proj',
    'model.layers.*.self_attn.v_proj',
    'model.layers.*.self_attn.o_proj',
    'model.layers.*.post_attention_layernorm',
    'model.layers.*.mlp.gate_proj',
    'model.layers.*.mlp.down_proj',
    'model.layers.*.mlp.up_proj',
    'model.norm',
    'RoPE',
    'lm_head',
  ],
  1: [
    'model.layers.*.input_layernorm',
    'model.layers.*.post_attention_layernorm',
    'model.norm',
    'model.embed_tokens',
    'model.layers.*.self_attn.q_proj',
    'model.layers.*.self_attn.k_proj',
    'model.layers.*.self_attn.v_proj',
    'model.layers.*.self_attn.o_proj',
    'model.layers.*.mlp.gate_proj',
    'model.layers.*.mlp.down_proj',
    'model.layers.*.mlp.up_proj',
    'lm_head',
  ],
};

/**
 * What a file of `size` bytes that begins with `header` (`LLAMA2C_HEADER` bytes, or all there are) holds: seven int32
 * (width, SwiGLU's width, layers, heads, heads of keys and values, vocabulary, context), and in version 1 a magic number
 * and the version before them and "shared head" behind; in version 0 a negative vocabulary says that the head is its own.
 * Throws an `OctavoError` (exit code 2) where the sizes are impossible or are not those of the file.
 */
export function llama2cLayout(
  header: Uint8Array,
  size: number,
): { readonly config: LlamaConfig; readonly version: 0 | 1; readonly tensors: readonly Llama2cTensor[] } {
  const refuse = (why: string): never => {
    throw new OctavoError(`[llama] this is no llama2.c file of float32 weights: ${why}`, { exitCode: 2 });
  };
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.byteLength < 28) return refuse(`got ${view.byteLength} bytes, expected at least 28`);
  const version = view.getUint32(0, true) === MAGIC ? 1 : 0;
  if (version === 1 && view.getInt32(4, true) !== 1)
    return refuse(`got version ${view.getInt32(4, true)}, expected 0 or 1 (2 is quantised)`);
  if (version === 1 && view.byteLength < 37)
    return refuse(`got ${view.byteLength} bytes, expected at least ${V1_WEIGHTS}`);
  const number = (i: number): number => view.getInt32((version === 1 ? 8 : 0) + 4 * i, true);
  const vocabulary = number(5);
  const config = validateConfig({
    hiddenSize: number(0),
    ffnSize: number(1),
    layers: number(2),
    heads: number(3),
    keyValueHeads: number(4),
    vocabularySize: version === 1 ? vocabulary : Math.abs(vocabulary),
    contextLength: number(6),
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedHead: version === 1 ? view.getUint8(36) !== 0 : vocabulary > 0,
  });
  const headDim = config.hiddenSize / config.heads;
  const byName = new Map(huggingFaceTensors(config).map((tensor) => [tensor.name, tensor]));
  const tensors: Llama2cTensor[] = [];
  let offset = version === 1 ? V1_WEIGHTS : 28;
  for (const pattern of ORDER[version]) {
    if (pattern === 'RoPE') offset += 4 * config.contextLength * headDim; // cosines, then sines
    const layers = pattern.includes('*') ? config.layers : 1;
    for (let layer = 0; layer < layers; layer++) {
      const found = byName.get(`${pattern.replace('*', `${layer}`)}.weight`);
      if (found === undefined) continue; // RoPE's tables, and the head of a tied model
      const { name, shape } = found;
      const interleavedHeads = /[qk]_proj/.test(name) ? shape[0]! / headDim : null;
      tensors.push({ name, shape, offset, interleavedHeads });
      offset += 4 * shape.reduce((a, b) => a * b, 1);
    }
  }
  if (offset !== size) return refuse(`got ${size} bytes, expected ${offset} for the sizes in its header`);
  return { config, version, tensors };
}
