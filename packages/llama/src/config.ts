/** @file What a Llama2 model is made of, and the shapes that have names. */
import { OctavoError } from '@octavo/formats';
import { type RopeScaling, ropeScalingFault } from './rope-scaling.ts';

export interface LlamaConfig {
  readonly vocabularySize: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values; fewer than `heads` is grouped-query attention. */
  readonly keyValueHeads: number;
  /** Width of SwiGLU, F. */
  readonly ffnSize: number;
  /** Longest sequence. */
  readonly contextLength: number;
  readonly ropeTheta: number;
  /** How positions beyond the trained ones are squeezed into them; absent: not at all. */
  readonly ropeScaling?: RopeScaling;
  readonly normEpsilon: number;
  /** The head is the embedding table. */
  readonly tiedHead: boolean;
}

const llama2 = {
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
  vocabularySize: 32_000,
  contextLength: 4096,
};
const stories = { ...llama2, tiedHead: true };

/** Named configurations: `nano` for the main job, llama2.c's stories models, Meta's Llama 2. */
export const llamaConfigs: Readonly<Record<string, LlamaConfig>> = Object.freeze({
  nano: {
    ...stories,
    vocabularySize: 256,
    hiddenSize: 128,
    layers: 4,
    heads: 4,
    keyValueHeads: 4,
    ffnSize: 352,
    contextLength: 128,
  },
  stories260k: {
    ...stories,
    vocabularySize: 512,
    hiddenSize: 64,
    layers: 5,
    heads: 8,
    keyValueHeads: 4,
    ffnSize: 172,
    contextLength: 512,
  },
  stories15m: {
    ...stories,
    hiddenSize: 288,
    layers: 6,
    heads: 6,
    keyValueHeads: 6,
    ffnSize: 768,
    contextLength: 256,
  },
  stories42m: {
    ...stories,
    hiddenSize: 512,
    layers: 8,
    heads: 8,
    keyValueHeads: 8,
    ffnSize: 1376,
    contextLength: 1024,
  },
  stories110m: {
    ...stories,
    hiddenSize: 768,
    layers: 12,
    heads: 12,
    keyValueHeads: 12,
    ffnSize: 2048,
    contextLength: 1024,
  },
  'llama2-7b': { ...llama2, hiddenSize: 4096, layers: 32, heads: 32, keyValueHeads: 32, ffnSize: 11_008 },
  'llama2-13b': { ...llama2, hiddenSize: 5120, layers: 40, heads: 40, keyValueHeads: 40, ffnSize: 13_824 },
  'llama2-70b': { ...llama2, hiddenSize: 8192, layers: 80, heads: 64, keyValueHeads: 8, ffnSize: 28_672 },
});

/** The configuration of that name; an `OctavoError` (exit code 2) lists the names that exist. */
export function llamaConfigOf(name: string): LlamaConfig {
  if (Object.hasOwn(llamaConfigs, name)) return llamaConfigs[name]!;
  throw new OctavoError(
    `[llama] unknown model: got "${name}", expected one of ${Object.keys(llamaConfigs).join(', ')}, or a file`,
    { exitCode: 2 },
  );
}

export const headDimOf = (config: LlamaConfig): number => config.hiddenSize / config.heads;

/** Upper limits of a configuration's numbers: larger than in any known model, and small enough that sizes stay exact. */
const LARGEST = {
  vocabularySize: 2 ** 24, // devices keep token ids in float32
  hiddenSize: 2 ** 18,
  layers: 2 ** 12,
  heads: 2 ** 12,
  keyValueHeads: 2 ** 12,
  ffnSize: 2 ** 20,
  contextLength: 2 ** 20, // tables of rotary positions are as long
} as const;

/** Throws an `OctavoError` (exit code 2) that names the first impossible number. */
export function validateConfig(config: LlamaConfig): LlamaConfig {
  const fail = (what: string): never => {
    throw new OctavoError(`[llama] impossible shape: ${what}`, { exitCode: 2 });
  };
  for (const [key, largest] of Object.entries(LARGEST) as [keyof typeof LARGEST, number][]) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 1 || config[key] > largest)
      fail(`${key}: got ${config[key]}, expected an integer from 1 to ${largest}`);
  }
  if (config.hiddenSize % config.heads)
    fail(`hiddenSize ${config.hiddenSize} does not divide into ${config.heads} heads`);
  if (headDimOf(config) % 2)
    fail(`hiddenSize / heads is ${headDimOf(config)}, expected an even number (RoPE turns pairs)`);
  if (config.heads % config.keyValueHeads)
    fail(`heads ${config.heads} is no multiple of keyValueHeads ${config.keyValueHeads}`);
  if (!(config.ropeTheta > 0 && Number.isFinite(config.ropeTheta)))
    fail(`ropeTheta: got ${config.ropeTheta}, expected a positive number`);
  const scaling = config.ropeScaling === undefined ? null : ropeScalingFault(config.ropeScaling);
  if (scaling !== null) fail(`ropeScaling${scaling}`);
  if (!(config.normEpsilon > 0 && Number.isFinite(config.normEpsilon)))
    fail(`normEpsilon: got ${config.normEpsilon}, expected a positive number`);
  return config;
}
