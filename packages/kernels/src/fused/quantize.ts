/** @file Casts together with the maxima that scaling needs. */
import type { Overflow, Rounding } from '@octavo/formats';
import type { FusedOperator } from '../operator.ts';
import { amax } from '../operators/amax.ts';
import { cast } from '../operators/cast.ts';
import type { BlockAttributes } from '../operators/check.ts';
import { scaleFromAmax } from '../operators/scale-from-amax.ts';

export type QuantizeScaledAttributes = BlockAttributes & {
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  readonly stream: number;
};

export type QuantizeCurrentAttributes = QuantizeScaledAttributes & {
  readonly margin: number;
  readonly powerOfTwo: boolean;
};

/** Scales from the tensor's own maxima: x, (seed) → codes, scale, amax: `amax`, `scaleFromAmax`, `cast`. */
export const quantizeCurrent: FusedOperator<QuantizeCurrentAttributes> = Object.freeze({
  name: 'quantizeCurrent',
  unfused({ run }, attributes, [x, ...seed], [codes, scale, maxima]) {
    const { blockRows, blockColumns, margin, powerOfTwo, rounding, overflow, stream } = attributes;
    const { max } = codes!.format;
    run(amax, { blockRows, blockColumns }, [x!], [maxima!]);
    run(scaleFromAmax, { max, margin, powerOfTwo }, [maxima!], [scale!]);
    run(cast, { blockRows, blockColumns, rounding, overflow, stream }, [x!, scale!, ...seed], [codes!]);
  },
} satisfies FusedOperator<QuantizeCurrentAttributes>);

/** Given scales: x, scale, (seed) → codes, amax (FP32): `cast`, and `amax` for the scales to come. */
export const quantizeScaled: FusedOperator<QuantizeScaledAttributes> = Object.freeze({
  name: 'quantizeScaled',
  unfused({ run }, attributes, [x, scale, ...seed], [codes, maxima]) {
    const { blockRows, blockColumns, rounding, overflow, stream } = attributes;
    run(cast, { blockRows, blockColumns, rounding, overflow, stream }, [x!, scale!, ...seed], [codes!]);
    run(amax, { blockRows, blockColumns }, [x!], [maxima!]);
  },
} satisfies FusedOperator<QuantizeScaledAttributes>);
