/**
 * @file `@octavo/kernels/conformance`: what every device must pass, as plain cases for any test runner or none.
 */
import { BF16 } from '@octavo/formats';
import type { Device } from '../device.ts';
import { runParts } from '../fused.ts';
import { createReferenceDevice } from '../reference/index.ts';
import { createScope } from '../scope.ts';
import {
  agree,
  type ConformanceCase,
  type ConformanceOptions,
  differ,
  type FusedCase,
  type OperatorCase,
  upload,
} from './case.ts';
import { castCases } from './cast-cases.ts';
import { contractCases } from './contract-cases.ts';
import { extremeCases } from './extreme-cases.ts';
import { fusedCases as makeFusedCases } from './fused-cases.ts';
import { linearCases } from './linear-cases.ts';
import { networkCases } from './network-cases.ts';

export type { ConformanceCase, ConformanceOptions } from './case.ts';

/** Operators of which results are exact where float32 arithmetic is IEEE's: only +, −, ×, ÷, comparisons and rounding. */
export const exactOperators: readonly string[] = [
  'cast',
  'dequantize',
  'amax',
  'scaleFromAmax',
  'castStatistics',
  'gemm',
  'embedding',
  'embeddingGrad',
  'add',
  'subtract',
  'multiply',
  'scaleRows',
  'scaleColumns',
  'scaleBy',
  'rope',
  'tokenAmax',
  'smoothScale',
  'adamMoment1',
  'adamMoment2',
  'keepNonzero',
  'lostUpdates',
  'sum',
  'sumSquares',
  'sumColumns',
  'quantizeCurrent',
  'quantizeScaled',
  'castWithStatistics',
  'countLost',
];

/**
 * The cases: the contract, every operator against its reference, every fused operator against its unfused form and the
 * reference. Cases of operators share one device, made at the first and destroyed by the last.
 */
export function conformance(
  createDevice: () => Promise<Device>,
  options: ConformanceOptions,
): readonly ConformanceCase[] {
  const shared = sharedDevice(createDevice, options);
  const { subnormals = true, nonFinite = true, exponentialOfNan = true } = options;
  const has = { subnormals, nonFinite, exponentialOfNan };
  const { operatorCases, fusedCases } = allCases();
  return [
    ...contractCases(createDevice, options),
    ...operatorCases
      .filter((one) => one.needs.every((need) => has[need]))
      .map((one) => ({
        name: `${one.operator.name}: ${one.title}`,
        operator: one.operator.name,
        run: async () => runOperator(await shared.get(), one, options),
      })),
    ...fusedCases.map((one) => ({
      name: `${one.operator.name}: ${one.title}`,
      operator: one.operator.name,
      run: async () => runFusedCase(await shared.get(), one, options),
    })),
    { name: 'contract: all memory has returned', run: shared.finish },
  ];
}

let made:
  | { readonly operatorCases: readonly OperatorCase[]; readonly fusedCases: readonly FusedCase[] }
  | undefined;

/** Made once: plain data, never changed. */
function allCases() {
  made ??= {
    operatorCases: [...castCases(), ...linearCases(), ...networkCases(), ...extremeCases()],
    fusedCases: makeFusedCases(),
  };
  return made;
}

function sharedDevice(createDevice: () => Promise<Device>, options: ConformanceOptions) {
  let promise: Promise<Device> | undefined;
  return {
    async get(): Promise<Device> {
      promise ??= createDevice();
      const device = await promise;
      if (device.name !== options.expectName) differ('name of the device', device.name, options.expectName);
      return device;
    },
    async finish(): Promise<void> {
      const device = await promise;
      promise = undefined;
      if (!device) return;
      const { live } = device.memory();
      await device.destroy();
      if (live !== 0) differ('live bytes after all cases', `${live}`, '0');
    },
  };
}

const isExact = ({ exact }: ConformanceOptions, name: string): boolean =>
  typeof exact === 'boolean' ? exact && exactOperators.includes(name) : exact.includes(name);

/**
 * Half a step of BF16, 2^-9, for each term of attention's sums and for the result. Probabilities of a query sum to 1; those
 * of the first key, over all queries, to about 1 + 1/2 + … + 1/sequence.
 */
function toleranceOf({ operator, attributes, inputs }: OperatorCase, options: ConformanceOptions): number {
  const terms =
    operator.name === 'attention'
      ? 1
      : operator.name === 'attentionGrad'
        ? 1 + Math.log(Number(attributes['sequence']))
        : 0;
  const rounds = options.attentionInBf16 && terms > 0 && inputs.every(({ format }) => format === BF16);
  return rounds ? 2 ** -9 * (1 + terms) : (options.tolerance ?? 1e-5);
}

async function runOperator(device: Device, one: OperatorCase, options: ConformanceOptions): Promise<void> {
  const compute = async (on: Device, times: number): Promise<Float32Array[]> => {
    const scope = createScope(on);
    const inputs = upload(scope, one.inputs);
    const shape = one.operator.shape(
      one.attributes,
      one.inputs.map((i) => i.shape),
    );
    const results: Float32Array[] = [];
    try {
      for (let i = 0; i < times; i++) {
        const out = scope.alloc(shape, one.outFormat);
        on.run(one.operator, one.attributes, inputs, [out]);
        results.push(await on.read(out));
      }
    } finally {
      scope.release();
    }
    return results;
  };
  const [want] = await compute(createReferenceDevice(), 1);
  const [got, again] = await compute(device, 2);
  const name = `${one.operator.name}: ${one.title}`;
  agree(name, want!, got!, {
    format: one.outFormat,
    exact: isExact(options, one.operator.name),
    tolerance: toleranceOf(one, options),
    magnitude: one.magnitude,
  });
  agree(`${name}, a second time`, got!, again!, { format: one.outFormat, exact: true, tolerance: 0 });
}

async function runFusedCase(device: Device, one: FusedCase, options: ConformanceOptions): Promise<void> {
  const compute = async (on: Device, fused: boolean): Promise<Float32Array[]> => {
    const scope = createScope(on);
    try {
      const inputs = upload(scope, one.inputs);
      const outs = one.outs.map(({ shape, format }) => scope.alloc(shape, format));
      if (fused) on.run(one.operator, one.attributes, inputs, outs);
      else runParts(on, one.operator, one.attributes, inputs, outs);
      return await Promise.all(outs.map((out) => on.read(out)));
    } finally {
      scope.release();
    }
  };
  const want = await compute(createReferenceDevice(), false);
  const unfused = await compute(device, false);
  const fused = await compute(device, true);
  const name = `${one.operator.name}: ${one.title}`;
  one.outs.forEach(({ format }, i) => {
    const tolerance = options.tolerance ?? 1e-5;
    const exact = one.exact && isExact(options, one.operator.name);
    agree(`${name}, output ${i}`, want[i]!, fused[i]!, { format, exact, tolerance });
    agree(`${name}, output ${i} fused`, unfused[i]!, fused[i]!, { format, exact, tolerance });
  });
}
