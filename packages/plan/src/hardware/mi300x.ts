/** @file AMD Instinct MI300X, a platform of eight. */
import type { Hardware } from './hardware.ts';

const sheet = 'AMD Instinct MI300X data sheet';

export const mi300x: Hardware = {
  name: 'mi300x',
  title: 'AMD Instinct MI300X',
  matrix: {
    '8': { value: 2614.9e12, source: sheet },
    '16': { value: 1307.4e12, source: sheet },
    '32': { value: 653.7e12, source: `${sheet} (TF32)` },
  },
  vector: { value: 163.4e12, source: `${sheet} (FP32)` },
  memory: { value: 192e9, source: sheet },
  bandwidth: { value: 5.3e12, source: sheet },
  node: {
    devices: 8,
    bandwidth: { value: 448e9, source: `${sheet}: 7 links of 128 GB/s, both directions` },
  },
  network: { value: 50e9, source: 'AMD Instinct MI300X platform reference: one 400 Gb/s adapter a GPU' },
  attention: { value: 'causal', source: 'FlashAttention-2, arXiv 2307.08691, section 3.1' },
};
