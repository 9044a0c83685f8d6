/** @file What pictures and text of an inspected model rest on: kinds of tensors, the worst of them, the most aligned channels. */
import type { SwiGluFindings, TensorFindings } from '@octavo/exchange';

/** A model that was looked at, as `inspect` of `@octavo/exchange` found it. */
export interface Inspection {
  readonly path: string;
  /** `Hugging Face folder`, `Arrow checkpoint`, … */
  readonly kind: string;
  /** `e4m3fn-current-tensor`. */
  readonly cast: string;
  readonly tensors: readonly TensorFindings[];
  readonly swiglus: readonly SwiGluFindings[];
  readonly notes: readonly string[];
}

export type MeasuredTensor = TensorFindings & { readonly measured: NonNullable<TensorFindings['measured']> };

export const measuredOf = (tensors: readonly TensorFindings[]): MeasuredTensor[] =>
  tensors.filter((tensor): tensor is MeasuredTensor => tensor.measured !== null && tensor.elements > 0);

/** Without what tells layers apart, and without words that all have: `self_attn.q_proj` of `model.layers.3.self_attn.q_proj.weight`. */
export function kindOf({ name, role }: Pick<TensorFindings, 'name' | 'role'>): string {
  const starred = name
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? '*' : part))
    .join('.')
    .replace(/\.weight(_packed)?$/, '');
  const kind = starred.replace(/^[^*]*\*\./, '').replace(/^model\./, '');
  return role === null || role === 'weight' ? kind : `${kind} (${role})`;
}

/** The first number of a name; null where it has none. */
export function layerOf(name: string): number | null {
  const found = name.split('.').find((part) => /^\d+$/.test(part));
  return found === undefined ? null : Number(found);
}

/** Where SwiGLUs stand from left to right: their layer, or their place in the list where not all have one. */
export const positionsOf = (swiglus: readonly SwiGluFindings[]): readonly number[] =>
  swiglus.every(({ layer }) => layer !== null)
    ? swiglus.map(({ layer }) => layer!)
    : swiglus.map((_, i) => i);

/** A channel among those of all SwiGLUs. */
export interface AlignedChannel {
  readonly place: string;
  readonly channel: number;
  readonly cosine: number;
  readonly gateNorm: number;
  readonly upNorm: number;
  readonly downNorm: number | null;
  readonly scale: number | null;
}

/** By falling |cos|, of all SwiGLUs together. */
export const mostAlignedOf = (swiglus: readonly SwiGluFindings[], most: number): AlignedChannel[] =>
  swiglus
    .flatMap(({ place, order, cosines, gateNorms, upNorms, downNorms, smoothing }) =>
      Array.from(order.subarray(0, most), (channel) => ({
        ...{ place, channel, cosine: cosines[channel]!, gateNorm: gateNorms[channel]! },
        ...{ upNorm: upNorms[channel]!, downNorm: downNorms?.[channel] ?? null },
        scale: smoothing?.scales[channel] ?? null,
      })),
    )
    .filter(({ cosine }) => !Number.isNaN(cosine))
    .sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine))
    .slice(0, most);
