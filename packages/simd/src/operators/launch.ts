/** @file How an operator is launched: from attributes and tensors to commands for the kernels. */
import type { Attributes } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import type { Stored } from '../stored.ts';

/** Computes `out` of one operator. Shapes have been checked. */
export type Launch<A extends Attributes = Attributes> = (
  engine: Engine,
  attributes: A,
  inputs: readonly Stored[],
  out: Stored,
) => void;

/** Computes the outputs of a fused operator, or says that it cannot. */
export type FusedLaunch<A extends Attributes = Attributes> = (
  engine: Engine,
  attributes: A,
  inputs: readonly Stored[],
  outs: readonly Stored[],
) => boolean;
