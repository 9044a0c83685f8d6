/** @file How an operator is launched: from attributes and tensors to commands for the kernels. */
import type { Attributes } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import type { Stored } from '../stored.ts';

/** Computes the output of an operator, or those of a composition. Shapes of an operator have been checked. */
export type Launch<A extends Attributes = Attributes> = (
  engine: Engine,
  attributes: A,
  inputs: readonly Stored[],
  outs: readonly [Stored, ...Stored[]],
) => void;
