/** @file A parameter's tensors as points of the model, for people to read. */
import type { Point } from '@octavo/nn';

/** `layers.2.attentionNorm` and an operand as a point. */
export function pointOf(parameter: string, operand: string): Point {
  const [, layer, name] = /^layers\.(\d+)\.(.+)$/.exec(parameter) ?? [];
  return layer === undefined
    ? { layer: null, name: parameter, operand }
    : { layer: Number(layer), name: name!, operand };
}
