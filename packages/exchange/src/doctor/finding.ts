/** @file What is wrong with a folder, and what a fix would change. */
import type { Mend } from './mends.ts';

/** The kinds of findings; each is a rule's. */
export type FindingKind =
  | 'index'
  | 'stray-shard'
  | 'configuration'
  | 'no-scheme'
  | 'other-scheme'
  | 'left-out'
  | 'scale-without-weight'
  | 'weight-without-scale'
  | 'fused'
  | 'scale-name'
  | 'scale-shape'
  | 'scale-type'
  | 'scale-inverse'
  | 'scale-value'
  | 'weight-type'
  | 'weight-value'
  | 'activation-scales'
  | 'tied-head';

export interface Finding {
  readonly kind: FindingKind;
  /** A file, a field of `config.json`, or a tensor. */
  readonly where: string;
  readonly what: string;
  readonly mend: string;
  /** What `fixFolder` does about it; null: only who knows the model can. */
  readonly fix: Fix | null;
}

/** A change that loses nothing. */
export type Fix =
  | { readonly of: 'index' }
  | { readonly of: 'config'; readonly set: Readonly<Record<string, unknown>> }
  | { readonly of: 'tensor'; readonly name: string; readonly to: Mend };

export const finding = (
  kind: FindingKind,
  where: string,
  what: string,
  mend: string,
  fix: Fix | null = null,
): Finding => ({ kind, where, what, mend, fix });

/** `finding` about a tensor that a mend sets right; null: none does. */
export const ofTensor = (
  kind: FindingKind,
  name: string,
  what: string,
  mend: string,
  to: Mend | null,
): Finding => finding(kind, name, what, mend, to && { of: 'tensor', name, to });
