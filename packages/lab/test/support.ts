import { fullStudy, type InstabilitySettings, memoryParts, type Parts } from '../src/index.ts';
import { studyModel } from '../src/training/plan.ts';

/** The studies' model, as small as can be. */
export const tinyModel = {
  ...studyModel,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  ffnSize: 24,
  contextLength: 16,
};

/** Seconds on the reference device. */
export const tinyStudy: InstabilitySettings = {
  ...fullStudy,
  model: tinyModel,
  batch: 2,
  sequence: 16,
  baseSteps: 6,
  steps: 6,
  spikeEvery: 3,
  recipes: ['bf16', 'fp8', 'fp8-smooth'],
  controls: ['rescaled'],
  doses: [1e5],
  doseRecipes: ['fp8'],
  outliers: [],
  specialSteps: 0,
};

/** A text of letters in which `?` stands once in 5,000 bytes. */
export function textWithRareByte(length = 40_000): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i % 5000 === 1234 ? 63 : 97 + ((i * i + (i >> 3)) % 11)));
}

const sentences = 'A sheet folded twice is a quarto. Folded three times it is an octavo. ';

/** English bytes, over and over. */
export const englishText = (times: number): Uint8Array => new TextEncoder().encode(sentences.repeat(times));

/** Parts as a folder keeps them, JSON and back, and the keys in the order in which they were written. */
export function recordedParts(): { parts: Parts; written: string[] } {
  const written: string[] = [];
  const store = memoryParts();
  const write = async (key: string, value: unknown): Promise<void> => {
    written.push(key);
    await store.write(key, JSON.parse(JSON.stringify(value)));
  };
  return { parts: { ...store, write }, written };
}
