/** @file Every launch by the name of its operator: these files export launches and nothing else. */
import * as adam from './adam.ts';
import * as attention from './attention.ts';
import * as casts from './casts.ts';
import * as elementwise from './elementwise.ts';
import * as gemm from './gemm.ts';
import type { Launch } from './launch.ts';
import * as rows from './rows.ts';
import * as sums from './sums.ts';

/** What has kernels here: other operators run by their plain reference, other compositions by their parts. */
export const launches: Readonly<Record<string, Launch>> = Object.freeze({
  ...adam,
  ...attention,
  ...casts,
  ...elementwise,
  ...gemm,
  ...rows,
  ...sums,
} as unknown as Record<string, Launch>);
