/** @file A model looked at: its tensors one after the other, then its SwiGLUs. */
import { alignmentOf, type SwiGluFindings } from './alignment.ts';
import type { InspectedCast } from './cast.ts';
import { swiGlusOf } from './gate-up.ts';
import { type CastLoss, type Measured, measure } from './measure.ts';
import { elementsOf, type ListedTensor, type TensorFile, type Values } from './tensors.ts';

/** One tensor of a file. */
export interface TensorFindings
  extends Pick<ListedTensor, 'name' | 'role' | 'dtype' | 'shape' | 'decoded' | 'skipped'> {
  readonly elements: number;
  /** Null where it is `skipped`. */
  readonly measured: Measured | null;
}

/** What is found, as it is found. */
export type InspectEvent =
  | { readonly kind: 'tensor'; readonly tensor: TensorFindings }
  | { readonly kind: 'swiglu'; readonly swiglu: SwiGluFindings }
  | { readonly kind: 'note'; readonly note: string };

/**
 * Looks at every tensor, a stretch of elements in memory at a time, then at every gate and up that belong together. Tensors of
 * any model; angles where names say what is gate and what is up.
 */
export async function* inspect(file: TensorFile, cast: InspectedCast): AsyncGenerator<InspectEvent> {
  for (const note of file.notes) yield { kind: 'note', note };
  const known = new Map<Values, Measured>();
  const delayed = cast.rule.kind === 'delayed';
  let remembered = false;
  for (const { values, history, ...about } of file.tensors) {
    const { name, role, dtype, shape, decoded, skipped } = about;
    const past = delayed && history ? await history(cast.format.name) : [];
    remembered ||= past.length > 0;
    const measured = values && (await measure(values, cast, past));
    if (values && measured) known.set(values, measured);
    const elements = elementsOf(shape);
    yield { kind: 'tensor', tensor: { name, role, dtype, shape, decoded, skipped, elements, measured } };
  }
  const lossOf = async (values: Values): Promise<CastLoss> =>
    (known.get(values) ?? (await measure(values, cast))).cast;
  if (delayed && !(remembered && cast.granularity.kind === 'tensor'))
    yield {
      kind: 'note',
      note: 'no maxima are remembered for these scales: they come from the tensors themselves',
    };
  const { found, notes } = swiGlusOf(file.tensors);
  for (const note of notes) yield { kind: 'note', note };
  for (const swiglu of found) yield { kind: 'swiglu', swiglu: await alignmentOf(swiglu, lossOf) };
}
