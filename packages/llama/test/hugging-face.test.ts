/** @file Llamas that transformers 5.24 saved, against the logits it computed from them; and everything that is not such a Llama. */
import { readFileSync } from 'node:fs';
import { counterRandom, OctavoError } from '@octavo/formats';
import { createScope } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { describe, expect, it, test } from 'vitest';
import {
  configFromHuggingFace,
  forward,
  fromHuggingFace,
  huggingFaceTensors,
  llamaConfigOf,
  toHuggingFace,
} from '../src/index.ts';
import { batchOf, buildModel } from './support.ts';

interface Stored {
  readonly shape: number[];
  readonly data: string;
}
const saved: {
  tokens: number[];
  weights: Record<'untied' | 'tied', Record<string, Stored>>;
  cases: Record<string, { config: Record<string, unknown>; weights: 'untied' | 'tied'; logits: string }>;
} = JSON.parse(readFileSync(new URL('./fixtures/hugging-face.json', import.meta.url), 'utf8'));

const floats = (text: string): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
const weightsOf = (name: string) =>
  new Map(
    Object.entries(saved.weights[saved.cases[name]!.weights]).map(([tensor, { shape, data }]) => [
      tensor,
      { shape, data: floats(data) },
    ]),
  );
const plain = saved.cases.plain!.config;
const withField = (key: string, value: unknown) => () => configFromHuggingFace({ ...plain, [key]: value });

/** The logits of the saved tokens, `[16, 64]`. */
async function logitsOf(name: string, weights: Parameters<typeof fromHuggingFace>[1]): Promise<Float32Array> {
  const config = configFromHuggingFace(saved.cases[name]!.config);
  const model = buildModel(config, recipeOf('fp32'), { values: fromHuggingFace(config, weights) });
  const { input } = batchOf(model, [[...saved.tokens, 0]]);
  const { device, precision } = model;
  return device.read(
    forward(model, { device, scope: createScope(device), tape: null, precision }, input).value,
  );
}

describe('a Llama that transformers saved has the logits it has there', () => {
  const check = (name: string, logits: Float32Array): void => {
    const expected = floats(saved.cases[name]!.logits);
    expect(logits.length).toBe(expected.length);
    const size = Math.max(...expected.map(Math.abs));
    for (const [i, e] of expected.entries()) expect(Math.abs(logits[i]! - e)).toBeLessThan(1e-5 * size);
  };
  it.each(['plain', 'theta500k', 'oldtheta', 'noeps_default', 'tied'])('%s', async (name) => {
    check(name, await logitsOf(name, weightsOf(name)));
  });

  it('noprefix: names without "model.", from a map and from a function', async () => {
    const bare = new Map([...weightsOf('noprefix')].map(([n, v]) => [n.replace(/^model\./, ''), v]));
    expect(bare.has('norm.weight')).toBe(true);
    check('noprefix', await logitsOf('noprefix', bare));
    check('noprefix', await logitsOf('noprefix', (n) => bare.get(n)?.data));
  });

  it('tied: a head that equals the embedding, and the buffers of old files, change nothing', async () => {
    const weights = weightsOf('tied');
    weights.set('lm_head.weight', weights.get('model.embed_tokens.weight')!);
    weights.set('model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [8], data: new Float32Array(8) });
    check('tied', await logitsOf('tied', weights));
  });
});

describe('weights that do not fit are all named, none is made up', () => {
  const config = configFromHuggingFace(plain);
  const refusal = (
    change: (weights: Map<string, { shape: number[]; data: Float32Array }>) => void,
    of = config,
  ) => {
    const weights = weightsOf('plain');
    change(weights);
    return () => fromHuggingFace(of, weights);
  };
  test.each<[string, () => unknown, string]>([
    [
      'tiedabsent: no head though not tied',
      () => fromHuggingFace(configFromHuggingFace(saved.cases.tiedabsent!.config), weightsOf('tiedabsent')),
      'missing: lm_head.weight',
    ],
    [
      'two missing, one left over, one of another shape',
      refusal((w) => {
        w.delete('model.norm.weight');
        w.delete('model.layers.0.mlp.up_proj.weight');
        w.set('model.layers.1.mlp.up_proj.weight', { shape: [1], data: new Float32Array(1) });
        w.set('model.layers.0.self_attn.q_proj.bias', { shape: [32], data: new Float32Array(32) });
        w.set('lm_head.weight', { shape: [32, 64], data: new Float32Array(2048) });
      }),
      'missing: model.layers.0.mlp.up_proj.weight, model.norm.weight; of another shape: lm_head.weight (got [32, 64], expected [64, 32]); not the model’s: "model.layers.1.mlp.up_proj.weight", "model.layers.0.self_attn.q_proj.bias"',
    ],
    [
      'the same tensor under two names',
      refusal((w) => w.set('norm.weight', w.get('model.norm.weight')!)),
      'not the model’s: "norm.weight"',
    ],
    [
      'tied, with a head of its own',
      () => fromHuggingFace({ ...config, tiedHead: true }, weightsOf('plain')),
      'lm_head.weight (another than the embedding it is tied to)',
    ],
    [
      'a function that finds nothing',
      () => fromHuggingFace(config, () => undefined),
      'missing: model.embed_tokens',
    ],
    [
      'too few values',
      () => fromHuggingFace(config, () => new Float32Array(3)),
      'got 3 values, expected 2048',
    ],
    [
      'a name that steers a terminal',
      refusal((w) => w.set('\u001b[2J', w.get('model.norm.weight')!)),
      '"\\u001b[2J"',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(OctavoError);
    expect(run).toThrow(message);
  });

  it('there and back', () => {
    const values = fromHuggingFace(config, weightsOf('plain'));
    const back = toHuggingFace(config, values);
    expect([...back.keys()]).toEqual(huggingFaceTensors(config).map(({ name }) => name));
    for (const [name, { data }] of weightsOf('plain')) expect(back.get(name)).toEqual(data);
    expect(() => values('nothing')).toThrow('no parameter "nothing"');
  });
});

describe('a configuration is understood whole', () => {
  /** As published, with the fields in which releases of transformers differ. */
  const llama2 = {
    _name_or_path: 'meta-llama/Llama-2-7b-hf',
    architectures: ['LlamaForCausalLM'],
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: 'silu',
    hidden_size: 4096,
    initializer_range: 0.02,
    intermediate_size: 11008,
    max_position_embeddings: 4096,
    model_type: 'llama',
    num_attention_heads: 32,
    num_hidden_layers: 32,
    num_key_value_heads: 32,
    pretraining_tp: 1,
    rms_norm_eps: 1e-5,
    rope_scaling: null,
    tie_word_embeddings: false,
    torch_dtype: 'float16',
    transformers_version: '4.31.0.dev0',
    use_cache: true,
    vocab_size: 32000,
  };
  it('Llama-2-7b, by transformers 4 and 5', () => {
    expect(configFromHuggingFace(llama2)).toEqual(llamaConfigOf('llama2-7b'));
    const { torch_dtype: dtype, rope_scaling: _, ...rest } = llama2;
    const five = {
      ...rest,
      dtype,
      head_dim: 128,
      rope_parameters: { rope_type: 'default', rope_theta: 10000 },
    };
    expect(configFromHuggingFace(five)).toEqual(llamaConfigOf('llama2-7b'));
    expect(
      configFromHuggingFace({ ...llama2, num_key_value_heads: null, auto_map: {}, attention_bias: false }),
    ).toEqual(llamaConfigOf('llama2-7b'));
  });
  it('SmolLM2, TinyLlama, Llama 3: what their files add', () => {
    const smol = {
      is_llama_config: true,
      rope_interleaved: false,
      'transformers.js_config': {},
      rope_theta: 100000,
    };
    expect(configFromHuggingFace({ ...llama2, ...smol, pad_token_id: 2 }).ropeTheta).toBe(100_000);
    expect(configFromHuggingFace({ ...llama2, num_key_value_heads: 4 }).keyValueHeads).toBe(4);
    expect(
      configFromHuggingFace({ ...llama2, rope_theta: 5e5, eos_token_id: [1, 2], mlp_bias: false }).ropeTheta,
    ).toBe(5e5);
  });
  it('what is left out has the format’s default', () => {
    const {
      rms_norm_eps: _,
      max_position_embeddings: __,
      rope_parameters: ___,
      tie_word_embeddings: ____,
      ...rest
    } = plain;
    expect(configFromHuggingFace(rest)).toMatchObject({
      normEpsilon: 1e-6,
      contextLength: 2048,
      ropeTheta: 10_000,
      tiedHead: false,
    });
  });

  test.each<[string, unknown]>([
    ['hidden_act', 'gelu'],
    ['model_type', 'mistral'],
    ['architectures', ['LlamaForSequenceClassification']],
    ['attention_bias', true],
    ['mlp_bias', true],
    ['pretraining_tp', 2],
    ['partial_rotary_factor', 0.5],
    ['sliding_window', 4096],
    ['quantization_config', { quant_method: 'fp8' }],
    ['final_logit_softcapping', 30],
    ['residual_multiplier', 0.22],
    ['rope_interleaved', true],
    ['head_dim', 32],
    ['layer_types', ['sliding_attention']],
    ['some_new_field', 1],
    ['vocab_size', '64'],
    ['rms_norm_eps', null],
    ['hidden_size', undefined],
    ['tie_word_embeddings', 'no'],
    ['rope_theta', '1e4'],
    ['rope_theta', 20_000],
    ['rope_scaling', { rope_type: 'llama3', factor: 8 }],
    ['rope_scaling', 2],
    ['rope_parameters', { rope_type: 'yarn', rope_theta: 1e4 }],
    ['rope_parameters', { full_attention: { rope_theta: 1e4 } }],
  ])('%s: %j is refused by name', (key, value) => {
    expect(withField(key, value)).toThrow(OctavoError);
    expect(withField(key, value)).toThrow(new RegExp(`${key}.*: got .*, expected `));
  });
  it('gelu', () => {
    expect(() => configFromHuggingFace(saved.cases.gelu!.config)).toThrow(
      '"hidden_act": got "gelu", expected "silu"',
    );
  });
  test.each([null, [], 'text', 5])('%j is no configuration', (value) => {
    expect(() => configFromHuggingFace(value)).toThrow(/got .*, expected an object/);
  });

  it('20,000 altered files (OCTAVO_MUTATIONS: more): a configuration or one refusal', () => {
    const times = Number(process.env.OCTAVO_MUTATIONS ?? 20_000);
    const keys = Object.keys(plain);
    const values = [
      0,
      -1,
      1e9,
      Number.NaN,
      2 ** 53,
      '',
      'silu',
      null,
      [],
      {},
      true,
      ['LlamaForCausalLM'],
      { rope_type: 1 },
    ];
    let taken = 0;
    for (let seed = 0; seed < times; seed++) {
      const pick = <T>(list: readonly T[], i: number): T => list[counterRandom(seed, i) % list.length]!;
      const changed: Record<string, unknown> = { ...plain };
      for (let i = 0; i <= counterRandom(seed, 99) % 3; i++) {
        const key = pick(keys, 2 * i);
        if (counterRandom(seed, 50 + i) % 5 === 0) delete changed[key];
        else changed[key] = pick(values, 2 * i + 1);
      }
      try {
        const config = configFromHuggingFace(changed);
        expect(Object.values(config)).not.toContain(Number.NaN);
        taken++;
      } catch (error) {
        if (!OctavoError.is(error) || error.exitCode !== 2) throw error;
      }
    }
    expect(taken).toBeGreaterThan(times / 20);
    expect(taken).toBeLessThan(0.95 * times);
  }, 600_000);
});
