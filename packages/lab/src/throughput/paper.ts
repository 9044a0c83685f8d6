/** @file What arXiv 2409.12517 publishes of speed and memory: Llama2 7B on 8 Gaudi2, micro-batch 1, ZeRO-1. */

/** Samples a second. Rows of the paper's table whose figures could not be checked are left out. */
export const SAMPLES_PER_SECOND: Readonly<Record<string, number>> = { bf16: 12.65, 'fp8-smooth': 16.89 };

/** Over BF16: 16.89 / 12.65. */
export const PAPER_SPEEDUP = 1.335;

/** Share of memory that a device saves, about. */
export const PAPER_SAVING = 0.3;

/** Optimizer's bytes a parameter: FP32 master weights and moments; FP16, E4M3 and E5M2. */
export const PAPER_STATE: Readonly<Record<string, number>> = { bf16: 12, 'fp8-full': 4 };
