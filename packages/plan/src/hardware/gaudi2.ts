/** @file Intel Gaudi 2, HLS-Gaudi2 server of eight. */
import type { Hardware } from './hardware.ts';

const whitePaper = 'Intel Gaudi 2 AI Accelerator white paper: matrix engine, HBM2E, 24 ports of 100 GbE';
const server =
  'docs.habana.ai, Gaudi Architecture: 21 of 24 ports of 100 GbE within a server of 8, 3 beyond it';

export const gaudi2: Hardware = {
  name: 'gaudi2',
  title: 'Intel Gaudi 2',
  matrix: {
    '8': { value: 865e12, source: whitePaper },
    '16': { value: 432e12, source: whitePaper },
  },
  vector: { value: 11e12, source: 'arXiv 2501.00210, table of devices: 24 TPCs in BF16' },
  memory: { value: 96e9, source: whitePaper },
  bandwidth: { value: 2.45e12, source: whitePaper },
  node: { devices: 8, bandwidth: { value: 262.5e9, source: server } },
  network: { value: 37.5e9, source: server },
  attention: {
    value: 'whole',
    source: 'assumed: nothing is published of blocks that its fused attention skips',
  },
};
