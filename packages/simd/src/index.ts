/** @file `@octavo/simd`: the host device in WebAssembly SIMD. */
export { createSimdDevice, type SimdDeviceOptions } from './device.ts';
export { type InstructionSet, instructionSet } from './module.ts';
