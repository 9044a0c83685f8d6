/** @file A Hugging Face `config.json`, understood whole or refused by the name of what is not. */
import { OctavoError, quoted } from '@octavo/formats';
import { type LlamaConfig, validateConfig } from './config.ts';
import { isObject, readRope, same } from './hugging-face-rope.ts';

/**
 * Fields of which only one setting is this model; the first value stands for all of them in messages. Defaults and
 * meanings: transformers, `LlamaConfig`; the ones that Llama lacks are its relatives' (Gemma's soft caps, Granite's
 * multipliers, Qwen's norms), which some tools write into any model's file.
 */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ['llama'],
  architectures: [['LlamaForCausalLM'], null],
  hidden_act: ['silu', 'swish'],
  attention_bias: [false],
  mlp_bias: [false],
  qkv_bias: [false],
  head_bias: [false],
  pretraining_tp: [1],
  partial_rotary_factor: [1],
  rope_interleaved: [false],
  sliding_window: [null],
  use_sliding_window: [false],
  max_window_layers: [null],
  layer_types: [null],
  no_rope_layers: [null],
  quantization_config: [null],
  compression_config: [null],
  attn_logit_softcapping: [null],
  final_logit_softcapping: [null],
  query_pre_attn_scalar: [null],
  residual_multiplier: [1],
  embedding_multiplier: [1],
  attention_multiplier: [null],
  logits_scaling: [1],
  logit_scale: [1, null],
  use_qk_norm: [false],
  qk_layernorm: [false],
  clip_qkv: [null],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  is_decoder: [false, true],
  pruned_heads: [{}, null],
  chunk_size_feed_forward: [0],
};

/** Fields that say nothing about the function from tokens to logits: training, generation, other programs' notes. */
const HARMLESS = new Set(
  `_name_or_path _commit_hash _attn_implementation _attn_implementation_autoset attn_implementation
  _attn_implementation_internal _experts_implementation _flash_attn_2_enabled auto_map transformers_version
  transformers_weights torch_dtype dtype use_bfloat16 torchscript use_cache use_return_dict return_dict tf_legacy_loss
  output_attentions output_hidden_states output_scores return_dict_in_generate remove_invalid_values
  initializer_range attention_dropout hidden_dropout resid_pdrop attn_pdrop embd_pdrop gradient_checkpointing
  bos_token_id eos_token_id pad_token_id unk_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id
  bos_token eos_token pad_token forced_bos_token_id forced_eos_token_id suppress_tokens begin_suppress_tokens
  bad_words_ids max_length min_length do_sample early_stopping num_beams num_beam_groups num_return_sequences
  diversity_penalty length_penalty repetition_penalty exponential_decay_length_penalty no_repeat_ngram_size
  encoder_no_repeat_ngram_size temperature top_k top_p typical_p
  id2label label2id num_labels problem_type finetuning_task task_specific_params prefix tokenizer_class
  cross_attention_hidden_size tie_encoder_decoder max_sequence_length model_max_length is_llama_config
  transformers.js_config unsloth_version unsloth_fixed axolotl_config ckpt_path base_model license`.split(
    /\s+/,
  ),
);

/** Numbers that make the shape, by our names; null where the format has no default. */
const SHAPE = {
  vocabularySize: ['vocab_size', null],
  hiddenSize: ['hidden_size', null],
  layers: ['num_hidden_layers', null],
  heads: ['num_attention_heads', null],
  ffnSize: ['intermediate_size', null],
  contextLength: ['max_position_embeddings', 2048],
  normEpsilon: ['rms_norm_eps', 1e-6],
} as const;

const READ = new Set([
  ...Object.values(SHAPE).map(([key]) => key as string),
  'num_key_value_heads',
  'head_dim',
  'tie_word_embeddings',
  'rope_theta',
  'rope_scaling',
  'rope_parameters',
]);

/**
 * A Hugging Face `config.json` of a Llama, as transformers 4 and 5 write it, as ours; what it leaves out has the
 * format's own default. Throws an `OctavoError` (exit code 2) that names each field at fault: one that is missing or
 * of another type, one set to something this model does not compute, and one that is not known.
 */
export function configFromHuggingFace(json: unknown): LlamaConfig {
  if (!isObject(json)) return refuse([`got ${quoted(json)}, expected an object`]);
  const faults: string[] = [];
  const number = (key: string, fallback: number | null): number => {
    const value = json[key] === undefined ? fallback : json[key];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    faults.push(`${key}: got ${quoted(json[key])}, expected a number`);
    return 1;
  };
  for (const [key, value] of Object.entries(json)) {
    if (READ.has(key) || HARMLESS.has(key)) continue;
    const allowed = Object.hasOwn(ONLY, key) ? ONLY[key]! : [null];
    if (allowed.some((one) => same(one, value)) || (key === 'layer_types' && isFullAttention(value)))
      continue;
    faults.push(
      `${quoted(key)}: got ${quoted(value)}, expected ${Object.hasOwn(ONLY, key) ? quoted(allowed[0]) : 'a field of Llama'}`,
    );
  }

  const shape = Object.fromEntries(
    Object.entries(SHAPE).map(([ours, [key, fallback]]) => [ours, number(key, fallback)]),
  ) as Record<keyof typeof SHAPE, number>;
  const { heads, hiddenSize } = shape;
  const keyValueHeads = json.num_key_value_heads === null ? heads : number('num_key_value_heads', heads);
  const headDim = json.head_dim === null ? hiddenSize / heads : number('head_dim', hiddenSize / heads);
  if (faults.length === 0 && headDim !== hiddenSize / heads)
    faults.push(
      `head_dim: got ${headDim}, expected ${hiddenSize / heads}, hidden_size / num_attention_heads`,
    );
  const tied = json.tie_word_embeddings ?? false;
  if (typeof tied !== 'boolean')
    faults.push(`tie_word_embeddings: got ${quoted(tied)}, expected true or false`);
  const rope = readRope(json, faults);
  if (faults.length > 0) refuse(faults);
  return validateConfig({ ...shape, keyValueHeads, ...rope, tiedHead: tied === true });
}

const isFullAttention = (value: unknown): boolean =>
  Array.isArray(value) && value.every((type) => type === 'full_attention');

function refuse(faults: readonly string[]): never {
  const shown = faults.length > 20 ? [...faults.slice(0, 20), `and ${faults.length - 20} more`] : faults;
  throw new OctavoError(
    `[llama] config.json is not of a Llama that can be computed here: ${shown.join('; ')}`,
    { exitCode: 2 },
  );
}
