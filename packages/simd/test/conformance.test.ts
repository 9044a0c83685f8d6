import { conformance, exactOperators } from '@octavo/kernels/conformance';
import { describe, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';

/** With a fused multiply-add a product is not rounded before it is added. */
const withoutGemm = exactOperators.filter((name) => name !== 'gemm');

describe.each([
  { instructionSet: 'simd128', threads: 1, exact: exactOperators },
  { instructionSet: 'simd128', threads: 2, exact: exactOperators },
  { instructionSet: 'relaxed-simd', threads: 1, exact: withoutGemm },
  { instructionSet: 'relaxed-simd', threads: 2, exact: withoutGemm },
] as const)('conformance: $instructionSet, threads: $threads', ({ exact, ...options }) => {
  const cases = conformance(() => createSimdDevice(options), { expectName: 'simd', exact, tolerance: 1e-5 });
  it.each(cases)('$name', (one) => one.run());
});
