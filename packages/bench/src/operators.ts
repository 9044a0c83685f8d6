/** @file Every operator of a training step that is no matrix product, at the sizes of a model. */
import { BF16, E4M3FN, E5M2, type Format, FP16, FP32 } from '@octavo/formats';
import {
  type Attributes,
  adamw,
  add,
  attention,
  attentionGrad,
  channelCosine,
  crossEntropyWithGrad,
  embedding,
  embeddingGrad,
  HYPER_LENGTH,
  type Operator,
  rmsNorm,
  rmsNormGradGain,
  rmsNormGradInput,
  rope,
  ropeTables,
  type Scope,
  type Shape,
  sortTokens,
  sumSquares,
  swiglu,
  swigluGrad,
  type Tensor,
  tokenAmax,
} from '@octavo/kernels';
import { headDimOf, type LlamaConfig } from '@octavo/llama';
import { type BandwidthCase, bandwidthTable, type Prepared } from './bandwidth.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchTable } from './table.ts';
import { filled, noisy } from './tensors.ts';
import type { Effort } from './timing.ts';

export interface Sizes {
  readonly model: LlamaConfig;
  readonly batch: number;
  readonly sequence: number;
}

/** Adam's numbers of some step. */
const HYPER = [1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 0.1, 0.05, 2];

function operatorCases(format: Format, { model, batch, sequence }: Sizes): BandwidthCase[] {
  const tokens = batch * sequence;
  const { hiddenSize: D, ffnSize: F, vocabularySize: V, heads, keyValueHeads } = model;
  const headDim = headDimOf(model);
  const packed = (heads + 2 * keyValueHeads) * headDim;
  const attends = { batch, sequence, heads, keyValueHeads, headDim };
  const norm = { epsilon: model.normEpsilon };
  /** A case of one operator whose inputs are noise, or made by a function. */
  const simple = <A extends Attributes>(
    operator: Operator<A>,
    attributes: A,
    inputs: readonly (Shape | ((scope: Scope) => Tensor))[],
    out: Shape,
    outFormat = format,
  ): BandwidthCase => ({
    name: `${operator.name} ${format.name}`,
    prepare(device, scope): Prepared {
      const from = inputs.map((input) =>
        typeof input === 'function' ? input(scope) : noisy(device, scope, input, format, 4),
      );
      const to = scope.alloc(out, outFormat);
      return { moves: [...from, to], run: () => device.run(operator, attributes, from, [to]) };
    },
  });
  const vector = (values: ArrayLike<number>) => (scope: Scope) => {
    const tensor = scope.alloc([values.length], FP32);
    scope.device.write(tensor, values);
    return tensor;
  };
  const matrix = (values: ArrayLike<number>, columns: number) => (scope: Scope) => {
    const tensor = scope.alloc([values.length / columns, columns], FP32);
    scope.device.write(tensor, values);
    return tensor;
  };
  const gain = vector(new Float32Array(D).fill(1));
  const ids = Float32Array.from({ length: tokens }, (_, i) => (i * 7919) % V);
  const { order, starts } = sortTokens(ids, V);
  const angles = ropeTables(sequence, headDim, model.ropeTheta);
  const turns = [
    matrix(angles.cos, headDim / 2),
    matrix(angles.sin, headDim / 2),
    vector(Float32Array.from({ length: tokens }, (_, i) => i % sequence)),
  ];
  return [
    simple(embedding, {}, [[V, D], vector(ids)], [tokens, D]),
    simple(embeddingGrad, { vocabulary: V }, [[tokens, D], vector(order), vector(starts)], [V, D]),
    simple(
      add,
      {},
      [
        [tokens, D],
        [tokens, D],
      ],
      [tokens, D],
    ),
    simple(rmsNorm, norm, [[tokens, D], gain], [tokens, D]),
    simple(rmsNormGradInput, norm, [[tokens, D], [tokens, D], gain], [tokens, D]),
    simple(
      rmsNormGradGain,
      norm,
      [
        [tokens, D],
        [tokens, D],
      ],
      [D],
      FP32,
    ),
    simple(
      rope,
      { heads, keyValueHeads, headDim, inverse: false },
      [[tokens, packed], ...turns],
      [tokens, packed],
    ),
    simple(attention, attends, [[tokens, packed]], [tokens, D]),
    simple(
      attentionGrad,
      attends,
      [
        [tokens, packed],
        [tokens, D],
      ],
      [tokens, packed],
    ),
    simple(swiglu, { perToken: false }, [[tokens, 2 * F]], [tokens, F]),
    simple(
      swigluGrad,
      { perToken: false },
      [
        [tokens, 2 * F],
        [tokens, F],
      ],
      [tokens, 2 * F],
    ),
    simple(tokenAmax, {}, [[tokens, 2 * F]], [tokens, 1], FP32),
    simple(sumSquares, {}, [[2 * F, D]], [1], FP32),
    simple(channelCosine, {}, [[2 * F, D]], [F], FP32),
    {
      name: `crossEntropyWithGrad ${format.name}`,
      prepare(device, scope) {
        const logits = noisy(device, scope, [tokens, V], format, 8);
        const [targets, weight] = [vector(ids)(scope), filled(device, scope, [1], 1 / tokens)];
        const [losses, gradient] = [scope.alloc([tokens], FP32), scope.alloc([tokens, V], format)];
        return {
          moves: [logits, gradient],
          run: () => device.run(crossEntropyWithGrad, {}, [logits, targets, weight], [losses, gradient]),
        };
      },
    },
  ];
}

/** AdamW over one matrix of the embedding's size. */
function adamCase(name: string, formats: readonly [Format, Format, Format], { model }: Sizes): BandwidthCase {
  const shape = [model.vocabularySize, model.hiddenSize];
  return {
    name: `adamw ${name}`,
    prepare(device, scope) {
      const gradient = noisy(device, scope, shape, FP32, 1e-3);
      const hyper = scope.alloc([HYPER_LENGTH], FP32);
      device.write(hyper, HYPER);
      const one = () => filled(device, scope, [1, 1], 1);
      // the second moment must not be negative: codes of noise are, so it starts at 0
      const [master, moment1] = [formats[0], formats[1]].map((f) => noisy(device, scope, shape, f, 0.1));
      const moment2 = scope.alloc(shape, formats[2]);
      device.write(moment2, new Float32Array(shape[0]! * shape[1]!));
      const states = [master!, moment1!, moment2];
      const outs = formats.map((f) => scope.alloc(shape, f));
      const attributes = {
        decays: true,
        masterRounding: 'nearest-even',
        momentRounding: 'nearest-even',
        powerOfTwo: false,
        bounded: true,
        stream: 0,
      } as const;
      const inputs = [...states.flatMap((t) => [t, one()]), gradient, hyper];
      const results = outs.flatMap((t) => [t, one()]);
      return {
        moves: [...states, ...outs, gradient],
        run: () => device.run(adamw, attributes, inputs, results),
      };
    },
  };
}

export const operatorsTable = (
  devices: readonly BenchDevice[],
  sizes: Sizes,
  effort: Effort,
): Promise<BenchTable> =>
  bandwidthTable(
    {
      id: 'operators',
      title: 'Operators',
      note: `GB/s of what an operator reads and writes, each tensor once; "copy" moves as many bytes on one thread. ${sizes.batch} × ${sizes.sequence} tokens, width ${sizes.model.hiddenSize}, SwiGLU ${sizes.model.ffnSize}, ${sizes.model.vocabularySize} tokens in the vocabulary. Attention and cross-entropy compute far more than they move.`,
    },
    devices,
    [
      ...operatorCases(FP32, sizes),
      ...operatorCases(BF16, sizes),
      adamCase('fp32 state', [FP32, FP32, FP32], sizes),
      adamCase('fp8-full state', [FP16, E4M3FN, E5M2], sizes),
    ],
    effort,
  );
