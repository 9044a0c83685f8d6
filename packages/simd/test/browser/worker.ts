/** @file A worker of the page: the same results. */
import { results } from './product.ts';

(globalThis as unknown as { postMessage(value: unknown): void }).postMessage(await results());
