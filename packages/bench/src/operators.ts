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
  type Operator,
  rmsNorm,
  rmsNormGradGain,
  rmsNormGradInput,
  rope,
  ropeTables,
  sortTokens,
  sumSquares,
  swiglu,
  swigluGrad,
  tokenAmax,
} from '@octavo/kernels';
import { headDimOf, type LlamaConfig } from '@octavo/llama';
import {
  type BandwidthCase,
  bandwidthTable,
  empty,
  type Make,
  ofNoise,
  ofValues,
  operatorCase,
} from './bandwidth.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchTable } from './table.ts';
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
  const turned = { heads, keyValueHeads, headDim, inverse: false };
  const norm = { epsilon: model.normEpsilon };
  const plain = { perToken: false };
  const [x, heads3, gateUp, hidden] = [D, packed, 2 * F, F].map((width) =>
    ofNoise([tokens, width], format, 4),
  );
  const [toX, toHeads3, toGateUp, toHidden] = [D, packed, 2 * F, F].map((width) =>
    empty([tokens, width], format),
  );
  const weight = ofNoise([2 * F, D], format, 4);
  const gain = ofValues(new Float32Array(D).fill(1));
  const ids = Float32Array.from({ length: tokens }, (_, i) => (i * 7919) % V);
  const { order, starts } = sortTokens(ids, V);
  const angles = ropeTables(sequence, headDim, model.ropeTheta);
  const turns = [
    ...[angles.cos, angles.sin].map((table) => ofValues(table, [table.length / (headDim / 2), headDim / 2])),
    ofValues(Float32Array.from({ length: tokens }, (_, i) => i % sequence)),
  ];
  const logits = ofNoise([tokens, V], format, 8);
  const table = empty([V, D], format);
  const of = <A extends Attributes>(operator: Operator<A>, attributes: A, inputs: Make[], out: Make) =>
    operatorCase(`${operator.name} ${format.name}`, operator, attributes, inputs, [out]);
  return [
    of(embedding, {}, [ofNoise([V, D], format, 4), ofValues(ids)], toX!),
    of(embeddingGrad, { vocabulary: V }, [x!, ofValues(order), ofValues(starts)], table),
    of(add, {}, [x!, x!], toX!),
    of(rmsNorm, norm, [x!, gain], toX!),
    of(rmsNormGradInput, norm, [x!, x!, gain], toX!),
    of(rmsNormGradGain, norm, [x!, x!], empty([D])),
    of(rope, turned, [heads3!, ...turns], toHeads3!),
    of(attention, attends, [heads3!], toX!),
    of(attentionGrad, attends, [heads3!, x!], toHeads3!),
    of(swiglu, plain, [gateUp!], toHidden!),
    of(swigluGrad, plain, [gateUp!, hidden!], toGateUp!),
    of(tokenAmax, {}, [gateUp!], empty([tokens, 1])),
    of(sumSquares, {}, [weight], empty([1])),
    of(channelCosine, {}, [weight], empty([F])),
    operatorCase(
      `crossEntropyWithGrad ${format.name}`,
      crossEntropyWithGrad,
      {},
      [logits, ofValues(ids), ofValues([1 / tokens])],
      [empty([tokens]), empty([tokens, V], format)],
    ),
  ];
}

/** AdamW over one matrix of the embedding's size. */
function adamCase(name: string, formats: readonly [Format, Format, Format], { model }: Sizes): BandwidthCase {
  const shape = [model.vocabularySize, model.hiddenSize];
  const attributes = {
    decays: true,
    masterRounding: 'nearest-even',
    momentRounding: 'nearest-even',
    powerOfTwo: false,
    bounded: true,
    stream: 0,
  } as const;
  const one = ofValues([1], [1, 1]);
  // the second moment must not be negative: codes of noise are, so it starts at 0
  const zeros = ofValues(new Float32Array(shape[0]! * shape[1]!), shape, formats[2]);
  const states = [ofNoise(shape, formats[0], 0.1), ofNoise(shape, formats[1], 0.1), zeros];
  return operatorCase(
    `adamw ${name}`,
    adamw,
    attributes,
    [...states.flatMap((state) => [state, one]), ofNoise(shape, FP32, 1e-3), ofValues(HYPER)],
    formats.flatMap((format) => [empty(shape, format), one]),
  );
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
