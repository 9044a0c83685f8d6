/** @file Cases of the casts, their scales, maxima and statistics. */
import { BF16, E4M3, E4M3FN, E5M2, E8M0, type Format, FP32, formats, type Rounding } from '@octavo/formats';
import { amax } from '../operators/amax.ts';
import { cast } from '../operators/cast.ts';
import { castStatistics } from '../operators/cast-statistics.ts';
import { dequantize } from '../operators/dequantize.ts';
import { scaleFromAmax } from '../operators/scale-from-amax.ts';
import { smoothScale } from '../operators/smooth.ts';
import { type Block, elements, scaleShape } from '../tensor.ts';
import { caseOf, type OperatorCase } from './case.ts';
import { castEdges, input, normal, normalInput, scales, valuesIn, vector, wide } from './data.ts';

/** Blocks of a matrix: whole, rows, channels, MX, squares, odd ones, and one that reaches beyond it. */
export const blocksOf = ([rows, columns]: readonly [number, number]): readonly (readonly [
  string,
  Block,
])[] => [
  ['whole', { rows, columns }],
  ['row', { rows: 1, columns }],
  ['channel', { rows, columns: 1 }],
  ['1×32', { rows: 1, columns: 32 }],
  ['3×5', { rows: 3, columns: 5 }],
  ['128×128', { rows: 128, columns: 128 }],
];

export const blockAttributes = (block: Block) => ({ blockRows: block.rows, blockColumns: block.columns });

const SEED = vector([123_457, 16_777_215]);

export function castCases(): readonly OperatorCase[] {
  return [...castsOfEdges(), ...castsOfBlocks(), ...specialCasts(), ...scaleCases(), ...maximaCases()];
}

/** Every format, rounding and overflow, on the numbers that are hard. */
function castsOfEdges(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const format of Object.values(formats)) {
    const edges = format === E8M0 ? castEdges(format).filter((x) => x > 0) : castEdges(format);
    const x = vector(edges);
    const one = vector([1]);
    for (const rounding of ['nearest-even', 'toward-zero', 'stochastic'] as const) {
      for (const overflow of ['saturate', 'special'] as const) {
        const attributes = { blockRows: 1, blockColumns: edges.length, rounding, overflow, stream: 5 };
        const seed = rounding === 'stochastic' ? [SEED] : [];
        cases.push(
          caseOf(cast, `${format.name} ${rounding} ${overflow}`, attributes, [x, one, ...seed], {
            outFormat: format,
            needs: overflow === 'special' ? ['nonFinite'] : [],
          }),
        );
      }
    }
  }
  return cases;
}

function castsOfBlocks(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const add = (
    shape: readonly [number, number],
    name: string,
    block: Block,
    format: Format,
    rounding: Rounding,
  ) => {
    const count = elements(scaleShape(shape, block));
    const x = input(shape, wide(elements(shape), 11, 8, 4));
    const scale = input(scaleShape(shape, block), scales(count, 12, false));
    const attributes = { ...blockAttributes(block), rounding, overflow: 'saturate', stream: 77 } as const;
    const seed = rounding === 'stochastic' ? [SEED] : [];
    const title = `${shape.join('×')} ${name} ${format.name} ${rounding}`;
    cases.push(caseOf(cast, title, attributes, [x, scale, ...seed], { outFormat: format }));
    const codes = input(shape, wide(elements(shape), 13, 4, 4), format);
    if (rounding !== 'nearest-even') return;
    cases.push(caseOf(dequantize, title, blockAttributes(block), [codes, scale]));
    const powers = input(scaleShape(shape, block), scales(count, 14, true));
    cases.push(
      caseOf(dequantize, `${title} to bf16`, blockAttributes(block), [codes, powers], { outFormat: BF16 }),
    );
  };
  for (const [name, block] of blocksOf([33, 70])) {
    add([33, 70], name, block, E4M3FN, 'nearest-even');
    add([33, 70], name, block, E5M2, 'stochastic');
  }
  for (const shape of [
    [1, 1],
    [1, 7],
    [7, 1],
    [130, 257],
  ] as const) {
    for (const [name, block] of blocksOf(shape)) add(shape, name, block, E4M3, 'nearest-even');
  }
  const large = 70_001;
  const x = input([large], wide(large, 15, 8, 4));
  const attributes = {
    blockRows: 1,
    blockColumns: large,
    rounding: 'stochastic',
    overflow: 'saturate',
    stream: 0,
  } as const;
  cases.push(
    caseOf(cast, 'large stochastic', attributes, [x, vector([3]), SEED], {
      outFormat: E5M2,
    }),
  );
  return cases;
}

function specialCasts(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const one = vector([1]);
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  const strange = Float32Array.of(0, -0, nan, inf, -inf, 1, -1, 3.4e38, -3.4e38);
  const tiny = Float32Array.of(1e-40, -1e-40, 2 ** -149, -(2 ** -133), 2 ** -127, 1.1e-38, 0, -0);
  for (const format of Object.values(formats)) {
    for (const overflow of ['saturate', 'special'] as const) {
      const how = { blockRows: 1, rounding: 'nearest-even', overflow, stream: 0 } as const;
      const of = (values: Float32Array, need: 'nonFinite' | 'subnormals') =>
        caseOf(
          cast,
          `${format.name} ${overflow} ${need}`,
          { ...how, blockColumns: values.length },
          [vector(values), one],
          {
            outFormat: format,
            needs: format === E8M0 ? ['nonFinite', 'subnormals'] : [need],
          },
        );
      cases.push(of(strange, 'nonFinite'), of(tiny, 'subnormals'));
    }
    const all = valuesIn(format);
    const small = format === E8M0 || format === BF16 || format === FP32;
    const normalOnly = small ? all.filter((v) => v === 0 || Math.abs(v) >= 2 ** -126) : all;
    const how = {
      blockRows: 1,
      blockColumns: normalOnly.length,
      rounding: 'nearest-even',
      overflow: 'saturate',
      stream: 0,
    } as const;
    cases.push(
      caseOf(cast, `${format.name} every value stays`, how, [vector(normalOnly), one], {
        outFormat: format,
      }),
    );
  }
  return cases;
}

function scaleCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const values: number[] = [
    0,
    1,
    448,
    240,
    57344,
    0.1,
    447.99997,
    448.00003,
    3.4e38,
    1e-30,
    2 ** -126,
    1e-37,
  ];
  for (let e = -100; e <= 100; e += 7)
    values.push(2 ** e, 1.75 * 2 ** e, 1.7500001 * 2 ** e, 1.9999999 * 2 ** e);
  const maxima = Float32Array.from(values);
  const odd = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1);
  const tiny = Float32Array.of(1e-40, 2 ** -149, 2 ** -127);
  for (const powerOfTwo of [false, true]) {
    for (const [max, margin] of [
      [448, 0],
      [57344, 0],
      [240, 2],
      [6, 1],
      [65504, 0],
    ] as const) {
      const title = `max ${max} margin ${margin}${powerOfTwo ? ' power of two' : ''}`;
      const some = maxima.filter((a) => a * 2 ** margin < 3.41e38); // beyond, amax · 2^margin is no float32
      cases.push(caseOf(scaleFromAmax, title, { max, margin, powerOfTwo }, [vector(some)]));
    }
    const how = { max: 448, margin: 0, powerOfTwo };
    const title = powerOfTwo ? ', power of two' : '';
    cases.push(caseOf(scaleFromAmax, `not finite${title}`, how, [input([3], odd)], { needs: ['nonFinite'] }));
    cases.push(
      caseOf(scaleFromAmax, `subnormal${title}`, how, [input([3], tiny)], { needs: ['subnormals'] }),
    );
  }
  cases.push(caseOf(smoothScale, 'powers and between', {}, [input([1, maxima.length], maxima)]));
  cases.push(caseOf(smoothScale, 'not finite', {}, [input([1, 3], odd)], { needs: ['nonFinite'] }));
  cases.push(caseOf(smoothScale, 'subnormal', {}, [input([1, 3], tiny)], { needs: ['subnormals'] }));
  return cases;
}

function maximaCases(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const shape of [
    [1, 1],
    [1, 9],
    [9, 1],
    [33, 70],
    [300, 13],
    [130, 257],
  ] as const) {
    for (const [name, block] of blocksOf(shape)) {
      const title = `${shape.join('×')} ${name}`;
      const x = input(shape, wide(elements(shape), 21));
      cases.push(caseOf(amax, title, blockAttributes(block), [x]));
      const count = elements(scaleShape(shape, block));
      const scale = input(scaleShape(shape, block), scales(count, 22, false));
      const format = { max: E4M3FN.max, minSubnormal: E4M3FN.minSubnormal };
      const positive = input(shape, wide(elements(shape), 23, 14, 10).map(Math.abs));
      cases.push(caseOf(castStatistics, title, { ...blockAttributes(block), ...format }, [positive, scale]));
    }
  }
  const large = 300_000;
  const whole = { blockRows: 1, blockColumns: large };
  cases.push(caseOf(amax, 'large', whole, [input([large], normal(large, 24))]));
  cases.push(caseOf(amax, 'zeros', { blockRows: 1, blockColumns: 5 }, [vector([0, -0, 0, 0, 0])]));
  cases.push(
    caseOf(amax, 'bf16', { blockRows: 2, blockColumns: 8 }, [normalInput([8, 8], 25, BF16)], {
      outFormat: BF16,
    }),
  );
  const strange = Float32Array.of(1, Number.NaN, -3, Number.POSITIVE_INFINITY, 0, 500, 1e-9, -2);
  const one = vector([1]);
  const attributes = { blockRows: 1, blockColumns: 8, max: 448, minSubnormal: 2 ** -9 };
  cases.push(
    caseOf(castStatistics, 'not finite', attributes, [input([8], strange), one], { needs: ['nonFinite'] }),
  );
  cases.push(caseOf(amax, 'not finite', attributes, [input([8], strange)], { needs: ['nonFinite'] }));
  cases.push(
    caseOf(castStatistics, 'large', { ...whole, max: E5M2.max, minSubnormal: E5M2.minSubnormal }, [
      input([large], normal(large, 26).map(Math.abs)),
      vector([16_000]),
    ]),
  );
  return cases;
}
