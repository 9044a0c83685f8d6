/** @file The host device: the Device contract on WebAssembly SIMD kernels, executed at once. */
import { type Codes, decodeArray, encodeArray, OctavoError } from '@octavo/formats';
import {
  type Attributes,
  checkedOut,
  checkOuts,
  checkRegion,
  checkValues,
  createInventory,
  type Device,
  elements,
  isFused,
  newTensor,
  type Operator,
  runParts,
  type Tensor,
  type View,
} from '@octavo/kernels';
import { createEngine, type Engine } from './engine.ts';
import { bytesOfKind, kindOf } from './format-description.ts';
import { COPY_BYTES } from './generated/kernels.ts';
import { findLibrary } from './library/find.ts';
import { type InstructionSet, instructionSet } from './module.ts';
import { BYTE_KIND, COPY_PIECE, FP32_KIND } from './numbers.ts';
import { launches } from './operators/index.ts';
import type { Stored } from './stored.ts';
import { parallelism } from './workers.ts';

export interface SimdDeviceOptions {
  /** Threads, the caller's included. Default: as many as the machine runs at once, at most 4. Results are the same. */
  readonly threads?: number;
  /** Default: the best there is. `simd128` rounds products and sums apart, as the plain references do. */
  readonly instructionSet?: InstructionSet;
  /**
   * A library of the machine for large products, in Node with koffi installed: `off` (the default, for results then depend
   * on nothing that is installed), `auto` (the best that is found, if any), `onednn`, `blas`, or the path or name of one.
   */
  readonly library?: string;
}

const NAME = 'simd';
const MOST_ELEMENTS = 2 ** 31 - 1;

/**
 * A device in WebAssembly SIMD, with 8-bit formats in bytes and BF16 and FP16 in two.
 * `run` computes before it returns; nothing is queued. Throws an `OctavoError` where `threads` is not a whole number
 * from 1 to 64 or `library` names one that cannot be used, and from `alloc` where memory ends.
 */
export async function createSimdDevice(options: SimdDeviceOptions = {}): Promise<Device> {
  const best = instructionSet();
  const set = options.instructionSet ?? best;
  if (set === 'relaxed-simd' && best !== set) {
    throw new OctavoError(
      '[simd] instructionSet: got relaxed-simd, expected simd128: this engine has no other',
    );
  }
  const threads = options.threads ?? Math.min(4, parallelism());
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= 64)) {
    throw new OctavoError(`[simd] threads: got ${threads}, expected a whole number from 1 to 64`, {
      exitCode: 2,
    });
  }
  const library = findLibrary(options.library ?? 'off');
  return deviceOn(await createEngine({ threads, instructionSet: set, library }), set);
}

const bytesOf = ({ shape, format }: Tensor): number => elements(shape) * bytesOfKind(kindOf(format));

function deviceOn(engine: Engine, set: InstructionSet): Device {
  const tensors = createInventory<Stored>(NAME, bytesOf);

  /** A tensor's elements as they lie in memory: numbers of FP32, else codes. */
  const raw = (tensor: Stored): Float32Array | Codes => {
    const buffer = engine.bytes().buffer as ArrayBuffer;
    if (tensor.kind === FP32_KIND) return new Float32Array(buffer, tensor.address, tensor.length);
    const Container = tensor.kind === BYTE_KIND ? Uint8Array : Uint16Array;
    return new Container(buffer, tensor.address, tensor.length);
  };
  const values = (tensor: Stored): Float32Array => {
    const found = raw(tensor);
    return found instanceof Float32Array ? found.slice() : decodeArray(tensor.format, found);
  };
  const store = (tensor: Stored, numbers: Float32Array): void => {
    const to = raw(tensor);
    if (to instanceof Float32Array) to.set(numbers);
    else encodeArray(tensor.format, numbers, to, { overflow: 'special' });
  };

  /** For operators without a kernel: the plain reference on copies. */
  const runReference = <A extends Attributes>(
    operator: Operator<A>,
    attributes: A,
    inputs: readonly Stored[],
    out: Stored,
  ): void => {
    const view = (t: Stored, data: Float32Array): View => ({ shape: t.shape, format: t.format, data });
    const result = new Float32Array(out.length);
    const views = inputs.map((t) => view(t, values(t)));
    operator.reference(attributes, views, view(out, result));
    store(out, result); // rounds
  };

  const device: Device = {
    name: NAME,
    description: [
      `WebAssembly ${set}`,
      `${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`,
      ...(engine.library ? [engine.library.description] : []),
    ].join(', '),
    alloc(shape, format) {
      const length = elements(shape);
      if (!(length <= MOST_ELEMENTS)) {
        throw new OctavoError(
          `[simd] alloc: got shape [${shape.join(', ')}], expected at most ${MOST_ELEMENTS} elements`,
        );
      }
      const kind = kindOf(format);
      const address = engine.arena.take(length * bytesOfKind(kind));
      const tensor: Stored = Object.freeze({ ...newTensor(shape, format), address, kind, length });
      return tensors.add(tensor, tensor);
    },
    free: (tensor) => engine.arena.give(tensors.remove(tensor).address, bytesOf(tensor)),
    write: (tensor, numbers) => store(tensors.of(tensor), checkValues(tensor, numbers)),
    run(operator, attributes, inputs, outs) {
      const launch = Object.hasOwn(launches, operator.name) ? launches[operator.name] : undefined;
      if (isFused(operator)) {
        if (!launch) return runParts(device, operator, attributes, inputs, outs);
        checkOuts(operator.name, inputs, outs);
      } else checkedOut(operator, attributes, inputs, outs);
      const from = inputs.map(tensors.of);
      const to = outs.map(tensors.of) as [Stored, ...Stored[]];
      if (launch) launch(engine, attributes, from, to);
      else if (!isFused(operator)) runReference(operator, attributes, from, to[0]);
    },
    copy(to, from, region) {
      const { to: at, from: start, length } = checkRegion(to, from, region);
      const [target, source] = [tensors.of(to), tensors.of(from)];
      const size = bytesOfKind(source.kind);
      const first = source.address + start * size;
      const into = target.address + at * size;
      const bytes = length * size;
      if (target === source || bytes <= COPY_PIECE) engine.bytes().copyWithin(into, first, first + bytes);
      else engine.run(COPY_BYTES, Math.ceil(bytes / COPY_PIECE), 0, [first, into, bytes]);
    },
    flush: async () => {},
    read: async (tensor) => values(tensors.of(tensor)),
    memory: tensors.memory,
    async destroy() {
      tensors.clear();
      await engine.stop();
    },
  };
  return device;
}
