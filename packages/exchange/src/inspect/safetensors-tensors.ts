/** @file The tensors of safetensors, read by range; codes that have scales beside them are multiplied by these. */
import { OctavoError } from '@octavo/formats';
import type { BlockShape } from '@octavo/scaling';
import {
  decodeSafetensors,
  type ListedEntry,
  openSafetensorsFolder,
  type SafetensorsFolder,
  type SafetensorsType,
  safetensorsFormats,
  safetensorsTypes,
} from '@octavo/store';
import { blockOfScales, numbersOf } from '../quantize/matrix.ts';
import { scaleOf } from '../quantize/read.ts';
import { eachRun } from './blocks.ts';
import { recently } from './recently.ts';
import { type ListedTensor, matrixOf, type TensorFile, type Values } from './tensors.ts';

type Numbers = Float32Array | Float64Array;

/** How codes become values: code × scale of its block × factor. */
interface Decoding {
  /** What the bytes of the codes are, which NVFP4 lists as U8. */
  readonly codes: SafetensorsType;
  readonly scale: ListedEntry;
  readonly block: BlockShape;
  readonly factor: { readonly name: string; readonly divides: boolean } | null;
}

/** Layer 10 follows layer 9, however a file has them. */
const byName = new Intl.Collator('en', { numeric: true });

/** Opens a file or a folder, of whatever model. Throws an `OctavoError` (exit code 2) where it is none. */
export async function openSafetensorsTensors(path: string, isFolder: boolean): Promise<TensorFile> {
  const files = await openSafetensorsFolder(path);
  const all = new Map<string, ListedEntry>(files.tensors.map((tensor) => [tensor.name, tensor]));
  const decodings = new Map<string, Decoding>();
  const notes = files.strays.map((name) => `${name} is none of the model's files: left out`);
  for (const entry of all.values()) {
    const decoding = decodingOf(entry, all);
    if (decoding) decodings.set(entry.name, decoding);
    else if (entry.dtype.startsWith('F8_E') && scaleOf(entry.name, all) !== undefined)
      notes.push(
        `${scaleOf(entry.name, all)} fits no block of ${entry.name}: its codes are measured as they are`,
      );
  }
  const used = new Set(
    [...decodings.values()].flatMap(({ scale, factor }) => [scale.name, ...(factor ? [factor.name] : [])]),
  );
  const scales = recently(async ({ scale, factor }: Decoding) => {
    const numbers = numbersOf(await readKnown(files, scale.name));
    if (factor === null) return numbers;
    const [by = 1] = numbersOf(await readKnown(files, factor.name));
    return numbers.map((number) => (factor.divides ? number / by : number * by));
  });
  return {
    kind: isFolder ? 'Hugging Face folder' : 'safetensors file',
    path,
    leftOut: 0,
    notes,
    tensors: [...all.values()]
      .filter(({ name }) => !used.has(name))
      .sort((a, b) => byName.compare(a.name, b.name))
      .map((entry) => listed(files, entry, decodings.get(entry.name), scales)),
    close: () => files.close(),
  };
}

function listed(
  files: SafetensorsFolder,
  entry: ListedEntry,
  decoding: Decoding | undefined,
  scales: (decoding: Decoding) => Promise<Float32Array>,
): ListedTensor {
  const { name, dtype } = entry;
  const type = decoding?.codes ?? dtype;
  const shape = decoding ? unpackedShape(entry, decoding.codes) : entry.shape;
  const skipped =
    decoding || type === 'F64' || Object.hasOwn(safetensorsFormats, type)
      ? null
      : Object.hasOwn(safetensorsTypes, type)
        ? `${type} is no float type`
        : 'its type is not known';
  const about = { name, role: null, dtype, shape, skipped };
  if (skipped !== null) return { ...about, decoded: null, values: null };
  const { rows, columns } = matrixOf(shape);
  const plain = async (begin: number, end: number): Promise<Numbers> =>
    decoded(type as SafetensorsType, (from, to) => files.readRange(name, from, to), begin, end);
  if (!decoding) return { ...about, decoded: null, values: { rows, columns, read: plain } };
  const values: Values = {
    ...{ rows, columns },
    async read(begin, end) {
      const [numbers, by] = [await plain(begin, end), await scales(decoding)];
      eachRun(decoding.block, { rows, columns }, [begin, end], (from, to, at) => {
        const scale = by[at]!;
        for (let i = from; i < to; i++) numbers[i] = numbers[i]! * scale;
      });
      return numbers;
    },
  };
  return { ...about, decoded: wordsOf(decoding), values };
}

/** Elements `[begin, end)` of a type; `begin` is a multiple of 8, which begins a byte in every type. */
async function decoded(
  type: SafetensorsType,
  read: (from: number, to: number) => Promise<Uint8Array<ArrayBuffer>>,
  begin: number,
  end: number,
): Promise<Numbers> {
  const bits = safetensorsTypes[type];
  const bytes = await read((begin * bits) / 8, Math.ceil((end * bits) / 8));
  if (type === 'I8') return Float32Array.from(new Int8Array(bytes.buffer));
  return decodeSafetensors(type, bytes).subarray(0, end - begin);
}

/** E2M1 codes, two a byte, under E4M3 scales of 16 and a factor for all: compressed-tensors' layout, and ModelOpt's. */
const NVFP4: readonly (readonly [weight: RegExp, factor: string, divides: boolean])[] = [
  [/\.weight_packed$/, '.weight_global_scale', true],
  [/\.weight$/, '.weight_scale_2', false],
];

/** Undefined where no scale is its own, or none whose shape fits: it is then what its type says. */
function decodingOf(entry: ListedEntry, all: ReadonlyMap<string, ListedEntry>): Decoding | undefined {
  const { name, dtype, shape } = entry;
  if (shape.length === 0) return undefined;
  if (dtype === 'U8')
    for (const [ending, end, divides] of NVFP4) {
      const scale = all.get(name.replace(ending, '.weight_scale'));
      const factor = all.get(name.replace(ending, end));
      if (!ending.test(name) || scale?.dtype !== 'F8_E4M3' || factor === undefined) continue;
      const { rows, columns } = matrixOf(unpackedShape(entry, 'F4'));
      const block = gridBlock(scale.shape, rows, columns);
      if (block) return { codes: 'F4', scale, block, factor: { name: factor.name, divides } };
    }
  const scale = all.get(scaleOf(name, all) ?? '');
  if (scale === undefined || !(dtype.startsWith('F8_E') || dtype === 'I8')) return undefined;
  const { rows, columns } = matrixOf(shape);
  const block = blockOfScales(scale, rows, columns) ?? gridBlock(scale.shape, rows, columns);
  return block ? { codes: dtype as SafetensorsType, scale, block, factor: null } : undefined;
}

/** Two codes a byte are two elements. */
const unpackedShape = ({ dtype, shape }: ListedEntry, codes: SafetensorsType): readonly number[] =>
  dtype === 'U8' && codes === 'F4' ? [...shape.slice(0, -1), 2 * shape.at(-1)!] : shape;

/** Blocks of a power of two, down and across, by how many scales there are of a matrix. */
function gridBlock(shape: readonly number[], rows: number, columns: number): BlockShape | null {
  const { rows: down, columns: across } = matrixOf(shape);
  const size = (count: number, length: number): number | undefined =>
    count === 1
      ? length
      : Array.from({ length: 14 }, (_, i) => 2 ** i).find((block) => Math.ceil(length / block) === count);
  const [high, wide] = [size(down, rows), size(across, columns)];
  return high === undefined || wide === undefined || high * wide === 0 ? null : { rows: high, columns: wide };
}

function wordsOf({ scale, factor, codes }: Decoding): string {
  const end = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
  const by = `${codes === 'F4' ? 'F4 ' : ''}× ${end(scale.name)} ${scale.dtype} [${scale.shape.join(', ')}]`;
  return factor ? `${by} ${factor.divides ? '/' : '×'} ${end(factor.name)}` : by;
}

async function readKnown(files: SafetensorsFolder, name: string) {
  const tensor = await files.read(name);
  if (tensor.dtype === 'U8' || tensor.dtype === 'F64' || Object.hasOwn(safetensorsFormats, tensor.dtype))
    return tensor;
  throw new OctavoError(`[exchange] ${files.path}: scale "${name}": got ${tensor.dtype}, expected floats`, {
    exitCode: 2,
  });
}
