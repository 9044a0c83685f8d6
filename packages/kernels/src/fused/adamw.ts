/** @file AdamW on state that is kept in formats of choice, each with one scale a tensor (arXiv 2409.12517, section 5). */
import { FP32, type Rounding } from '@octavo/formats';
import type { FusedOperator, Parts } from '../operator.ts';
import { adamMoment1, adamMoment2, adamWeight } from '../operators/adam.ts';
import { amax } from '../operators/amax.ts';
import { cast } from '../operators/cast.ts';
import { dequantize } from '../operators/dequantize.ts';
import { add, subtract } from '../operators/elementwise.ts';
import { keepNonzero } from '../operators/keep-nonzero.ts';
import { scaleFromAmax } from '../operators/scale-from-amax.ts';
import { matrixShape, type Tensor } from '../tensor.ts';

export type AdamwAttributes = {
  /** Apply hyper's decay. */
  readonly decays: boolean;
  readonly masterRounding: Rounding;
  readonly momentRounding: Rounding;
  /** Round scales down to powers of two. */
  readonly powerOfTwo: boolean;
  /**
   * Moments that are stored in few bits keep to FP32's bound: a second moment is raised to what the first one proves
   * (`adamMoment2`), and one that is not zero is never stored as zero (`keepNonzero`).
   */
  readonly bounded: boolean;
  /** The weights' stochastic rounding draws from this stream, the moments' from the next two. */
  readonly stream: number;
};

/**
 * Inputs w, wScale, m, mScale, v, vScale, g, hyper (see adam.ts), and seed if a rounding is stochastic; outputs w',
 * wScale', m', mScale', v', vScale'. Each state is decoded, updated in float32, and stored in the format of its output
 * with scale max / amax, saturating. An FP32 state is used as it is; its scale `[1]` becomes 1. The scale of a state that is not
 * finite anywhere becomes NaN: saturating must not hide it.
 */
export const adamw: FusedOperator<AdamwAttributes> = Object.freeze({
  name: 'adamw',
  unfused(parts, attributes, inputs, outs) {
    const { run } = parts;
    const { decays, masterRounding, momentRounding, powerOfTwo, bounded, stream } = attributes;
    const [w, wScale, m, mScale, v, vScale, g, hyper, seed] = inputs as readonly Tensor[];
    const [newW, newWScale, newM, newMScale, newV, newVScale] = outs as readonly Tensor[];
    const oldW = decoded(parts, w!, wScale!);
    const nextM = plain(parts, newM!);
    const nextV = plain(parts, newV!);
    const nextW = plain(parts, newW!);
    const oldM = decoded(parts, m!, mScale!);
    const oldV = decoded(parts, v!, vScale!);
    run(adamMoment1, {}, [oldM, g!, hyper!], [nextM]);
    run(adamMoment2, { bounded }, [oldV, g!, hyper!, ...(bounded ? [oldM] : [])], [nextV]);
    run(adamWeight, { decays }, [oldW, nextM, nextV, hyper!], [nextW]);

    const store = (value: Tensor, to: Tensor, scale: Tensor, rounding: Rounding, of: number) => {
      const [blockRows, blockColumns] = matrixShape(value.shape);
      const block = { blockRows, blockColumns };
      const one = () => parts.temporary([1, 1], FP32);
      const [maximum, wanted, nothing] = [one(), one(), one()];
      const isPlain = to.format === FP32;
      run(amax, block, [value], [maximum]);
      run(subtract, {}, [maximum, maximum], [nothing]); // 0, or NaN of what is not finite
      // the scale of a maximum of 0 is 1
      const max = isPlain ? 1 : to.format.max;
      run(scaleFromAmax, { max, margin: 0, powerOfTwo }, [isPlain ? nothing : maximum], [wanted]);
      run(add, {}, [wanted, nothing], [scale]);
      if (isPlain) return;
      const how = { rounding, overflow: 'saturate', stream: of } as const;
      const draws = rounding === 'stochastic' && seed ? [seed] : [];
      run(cast, { ...block, ...how }, [value, scale, ...draws], [to]);
    };
    store(nextW, newW!, newWScale!, masterRounding, stream);
    store(nextM, newM!, newMScale!, momentRounding, stream + 1);
    const codes = bounded && newV!.format !== FP32 ? parts.temporary(newV!.shape, newV!.format) : newV!;
    store(nextV, codes, newVScale!, momentRounding, stream + 2);
    if (codes !== newV) run(keepNonzero, {}, [codes, nextV], [newV!]);
  },
} satisfies FusedOperator<AdamwAttributes>);

/** The float32 values of a state: itself if it is FP32. */
export function decoded({ run, temporary }: Parts, state: Tensor, scale: Tensor): Tensor {
  if (state.format === FP32) return state;
  const [blockRows, blockColumns] = matrixShape(state.shape);
  const values = temporary(state.shape, FP32);
  run(dequantize, { blockRows, blockColumns }, [state, scale], [values]);
  return values;
}

/** Where the float32 result goes: the output itself if it is FP32. */
const plain = ({ temporary }: Parts, out: Tensor): Tensor =>
  out.format === FP32 ? out : temporary(out.shape, FP32);
