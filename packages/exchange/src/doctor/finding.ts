/** @file What is wrong with a folder, as data, and what a fix would change. */

/** The kinds of findings; each is a rule's. */
export type FindingKind =
  | 'index'
  | 'stray-shard'
  | 'configuration'
  | 'no-scheme'
  | 'scale-without-weight'
  | 'weight-without-scale'
  | 'scale-name'
  | 'scale-shape'
  | 'scale-inverse'
  | 'scale-value'
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
  | { readonly of: 'tensor'; readonly name: string; readonly to: TensorFix };

export interface TensorFix {
  readonly name?: string;
  readonly shape?: readonly number[];
  /** Each value becomes its reciprocal. */
  readonly inverse?: true;
}

export const finding = (
  kind: FindingKind,
  where: string,
  what: string,
  mend: string,
  fix: Fix | null = null,
): Finding => ({ kind, where, what, mend, fix });
