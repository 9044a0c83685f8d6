import { fullStudy, type InstabilitySettings } from '../src/index.ts';

/** Seconds on the reference device. */
export const tinyStudy: InstabilitySettings = {
  ...fullStudy,
  model: {
    ...fullStudy.model,
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    keyValueHeads: 2,
    ffnSize: 24,
    contextLength: 16,
  },
  batch: 2,
  sequence: 16,
  baseSteps: 6,
  steps: 6,
  spikeEvery: 3,
  recipes: ['bf16', 'fp8', 'fp8-smooth'],
  controls: ['rescaled'],
  doses: [1e5],
  doseRecipes: ['fp8'],
  specialSteps: 0,
};

/** A text of letters in which `?` stands once in 5,000 bytes. */
export function textWithRareByte(length = 40_000): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i % 5000 === 1234 ? 63 : 97 + ((i * i + (i >> 3)) % 11)));
}
