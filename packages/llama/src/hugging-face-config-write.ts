/** @file A configuration as a Hugging Face `config.json`: `configFromHuggingFace`'s mirror image. */
import { headDimOf, type LlamaConfig } from './config.ts';
import { ROPE_KINDS } from './hugging-face-rope.ts';

/** What a `config.json` says beside the shape. */
export interface ConfigExtras {
  /** `bfloat16`, `float16` or `float32`. */
  readonly dtype: string;
  readonly bos: number | null;
  readonly eos: number | null;
}

/** In transformers 4's spelling, which transformers 5 and vLLM read, too. Plain JSON. */
export function configToHuggingFace(
  config: LlamaConfig,
  { dtype, bos, eos }: ConfigExtras,
): Readonly<Record<string, unknown>> {
  const { ropeScaling } = config;
  const numbers = Object.entries(ROPE_KINDS[ropeScaling?.kind ?? 'default']).map(([theirs, ours]) => [
    theirs,
    (ropeScaling as unknown as Record<string, number>)[ours],
  ]);
  return {
    architectures: ['LlamaForCausalLM'],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: bos,
    eos_token_id: eos,
    head_dim: headDimOf(config),
    hidden_act: 'silu',
    hidden_size: config.hiddenSize,
    initializer_range: 0.02,
    intermediate_size: config.ffnSize,
    max_position_embeddings: config.contextLength,
    mlp_bias: false,
    model_type: 'llama',
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.keyValueHeads,
    pretraining_tp: 1,
    rms_norm_eps: config.normEpsilon,
    rope_scaling: ropeScaling ? { rope_type: ropeScaling.kind, ...Object.fromEntries(numbers) } : null,
    rope_theta: config.ropeTheta,
    tie_word_embeddings: config.tiedHead,
    torch_dtype: dtype,
    use_cache: true,
    vocab_size: config.vocabularySize,
  };
}
