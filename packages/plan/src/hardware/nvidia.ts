/** @file NVIDIA's HGX boards of eight. */
import type { Hardware } from './hardware.ts';

const h100Sheet = 'NVIDIA H100 data sheet, SXM5 column, halved where it counts sparsity';
const h200Sheet = 'NVIDIA H200 data sheet, SXM column, halved where it counts sparsity';
const b200Sheet = 'NVIDIA HGX B200 data sheet, an eighth of the board, halved where it counts sparsity';
const ndr = { value: 50e9, source: 'NVIDIA DGX H100 data sheet: one 400 Gb/s adapter a GPU' };

const flash = { value: 'causal', source: 'FlashAttention-2, arXiv 2307.08691, section 3.1' } as const;

export const h100: Hardware = {
  name: 'h100',
  title: 'NVIDIA H100 SXM5',
  matrix: {
    '8': { value: 1979e12, source: h100Sheet },
    '16': { value: 989.5e12, source: h100Sheet },
    '32': { value: 494.7e12, source: `${h100Sheet} (TF32)` },
  },
  vector: { value: 66.9e12, source: `${h100Sheet} (FP32)` },
  memory: { value: 80e9, source: h100Sheet },
  bandwidth: { value: 3.35e12, source: h100Sheet },
  node: { devices: 8, bandwidth: { value: 450e9, source: `${h100Sheet}: NVLink 900 GB/s, both directions` } },
  network: ndr,
  attention: flash,
};

export const h200: Hardware = {
  ...h100,
  name: 'h200',
  title: 'NVIDIA H200 SXM',
  memory: { value: 141e9, source: h200Sheet },
  bandwidth: { value: 4.8e12, source: h200Sheet },
};

export const b200: Hardware = {
  name: 'b200',
  title: 'NVIDIA B200 (HGX)',
  matrix: {
    '8': { value: 4500e12, source: b200Sheet },
    '16': { value: 2250e12, source: b200Sheet },
    '32': { value: 1100e12, source: `${b200Sheet} (TF32)` },
  },
  vector: { value: 75e12, source: `${b200Sheet} (FP32)` },
  memory: { value: 180e9, source: b200Sheet },
  bandwidth: { value: 7.7e12, source: b200Sheet },
  node: { devices: 8, bandwidth: { value: 900e9, source: `${b200Sheet}: NVLink 1.8 TB/s, both directions` } },
  network: ndr,
  attention: flash,
};
