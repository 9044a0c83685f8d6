/** @file Attention of one new token to a cache of keys and values that are kept as codes with scales. */
import { FP32 } from '@octavo/formats';
import type { FusedOperator } from '../operator.ts';
import { attentionCached, type CachedAttributes } from '../operators/attention-cached.ts';
import { dequantize } from '../operators/dequantize.ts';

/**
 * qkv, cache, scales `[capacity, 2 KV]` (one a row and head of keys or values: `[k heads | v heads]`), position → out:
 * `attentionCached` with the cache's values, code / scale. Rows beyond `position` may hold anything.
 */
export const attentionCachedScaled: FusedOperator<CachedAttributes> = Object.freeze({
  name: 'attentionCachedScaled',
  unfused({ run, temporary }, attributes, [qkv, cache, scales, position], [out]) {
    const values = temporary(cache!.shape, FP32);
    run(dequantize, { blockRows: 1, blockColumns: attributes.headDim }, [cache!, scales!], [values]);
    run(attentionCached, attributes, [qkv!, values, position!], [out!]);
  },
} satisfies FusedOperator<CachedAttributes>);
