/** @file The host device: the Device contract on WebAssembly SIMD kernels, executed at once. */
import { type Codes, decodeArray, encodeArray, type Format, OctavoError, round } from '@octavo/formats';
import {
  type Attributes,
  type CopyRegion,
  type Device,
  elements,
  type FusedOperator,
  type Operator,
  type Shape,
  type Tensor,
  type View,
} from '@octavo/kernels';
import { type Blas, findBlas } from './blas/find.ts';
import { createEngine, type Engine } from './engine.ts';
import { BYTE_KIND, bytesOfKind, FP32_KIND, kindOf } from './format-description.ts';
import { type InstructionSet, instructionSet } from './module.ts';
import { COPY_BYTES } from './operator-numbers.ts';
import { fusedLaunches, launches } from './operators/index.ts';
import type { Stored } from './stored.ts';
import { parallelism } from './workers.ts';

export interface SimdDeviceOptions {
  /** Threads, the caller's included. Default: as many as the machine runs at once, at most 4. Results are the same. */
  readonly threads?: number;
  /** Default: the best there is. `simd128` rounds products and sums apart, as the plain references do. */
  readonly instructionSet?: InstructionSet;
  /**
   * A BLAS of the machine for large products: `off` (the default, for results then depend on nothing that is installed),
   * `auto` (the one that is found, if any; Node with koffi installed), or the path or name of a library.
   */
  readonly blas?: string;
}

/** Bytes of a task of a copy; assembly/copy.ts has the same number. */
const COPY_PIECE = 2 ** 18;

const MOST_ELEMENTS = 2 ** 31 - 1;

/**
 * A device in WebAssembly SIMD, with 8-bit formats in bytes and BF16 and FP16 in two.
 * `run` computes before it returns; nothing is queued. Throws an `OctavoError` where `threads` is not a whole number
 * from 1 to 64 or `blas` names a library that cannot be used, and from `alloc` where memory ends.
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
  const blas = findBlas(options.blas ?? 'off');
  return deviceOn(await createEngine({ threads, instructionSet: set, blas }), set, blas);
}

function deviceOn(engine: Engine, set: InstructionSet, blas: Blas | undefined): Device {
  const alive = new Set<Tensor>();
  let live = 0;
  let peak = 0;

  const stored = (tensor: Tensor): Stored => {
    if (alive.has(tensor)) return tensor as Stored;
    throw new OctavoError(
      `[simd] tensor [${tensor.shape.join(', ')}]: it is not alive on this device: it was freed, or belongs to another`,
    );
  };
  const bytesIn = (tensor: Stored): number => tensor.length * bytesOfKind(tensor.kind);

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
  const store = (tensor: Stored, numbers: ArrayLike<number>): void => {
    const to = raw(tensor);
    if (to instanceof Float32Array) to.set(numbers);
    else encodeArray(tensor.format, Float32Array.from(numbers), to, { overflow: 'special' });
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
    operator.reference(
      attributes,
      inputs.map((t) => view(t, values(t))),
      view(out, result),
    );
    if (!operator.rounds && out.kind !== FP32_KIND) {
      for (let i = 0; i < result.length; i++) {
        result[i] = round(out.format, result[i]!, 'nearest-even', 'special');
      }
    }
    store(out, result);
  };

  const device: Device = {
    name: 'simd',
    description: [
      `WebAssembly ${set}`,
      `${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`,
      ...(blas && engine.hasBlas ? [blas.description] : []),
    ].join(', '),
    alloc(shape: Shape, format: Format): Tensor {
      const length = elements(shape);
      if (!(length <= MOST_ELEMENTS)) {
        throw new OctavoError(
          `[simd] alloc: got shape [${shape.join(', ')}], expected at most ${MOST_ELEMENTS} elements`,
        );
      }
      const kind = kindOf(format);
      const address = engine.arena.take(length * bytesOfKind(kind));
      const tensor: Stored = Object.freeze({ shape: [...shape], format, device, address, kind, length });
      alive.add(tensor);
      live += bytesIn(tensor);
      peak = Math.max(peak, live);
      return tensor;
    },
    free(tensor) {
      const found = stored(tensor);
      alive.delete(tensor);
      live -= bytesIn(found);
      engine.arena.give(found.address, bytesIn(found));
    },
    write(tensor, numbers) {
      const to = stored(tensor);
      if (numbers.length !== to.length) {
        throw new OctavoError(
          `[simd] write: got ${numbers.length} values, expected ${to.length} for shape [${to.shape.join(', ')}]`,
        );
      }
      store(to, numbers);
    },
    run<A extends Attributes>(operator: Operator<A>, attributes: A, inputs: readonly Tensor[], out: Tensor) {
      const expected = operator.shape(
        attributes,
        inputs.map((t) => t.shape),
      );
      if (elements(expected) !== elements(out.shape)) {
        throw new OctavoError(
          `[simd] ${operator.name}: got an output of shape [${out.shape.join(', ')}], expected [${expected.join(', ')}]`,
        );
      }
      if (inputs.includes(out)) {
        throw new OctavoError(
          `[simd] ${operator.name}: got an output that is one of the inputs, expected another`,
        );
      }
      const launch = Object.hasOwn(launches, operator.name) ? launches[operator.name] : undefined;
      const from = inputs.map(stored);
      if (launch) launch(engine, attributes, from, stored(out));
      else runReference(operator, attributes, from, stored(out));
    },
    runFused<A extends Attributes>(
      operator: FusedOperator<A>,
      attributes: A,
      inputs: readonly Tensor[],
      outs: readonly Tensor[],
    ): boolean {
      const launch = Object.hasOwn(fusedLaunches, operator.name) ? fusedLaunches[operator.name] : undefined;
      return launch ? launch(engine, attributes, inputs.map(stored), outs.map(stored)) : false;
    },
    copy(to, from, region: CopyRegion = {}) {
      const target = stored(to);
      const source = stored(from);
      const { to: at = 0, from: start = 0, length = source.length - start } = region;
      if (target.kind !== source.kind || target.format.name !== source.format.name) {
        throw new OctavoError(
          `[simd] copy: got ${from.format.name} into ${to.format.name}, expected one format (cast converts)`,
        );
      }
      const whole = Number.isInteger(at) && Number.isInteger(start) && Number.isInteger(length);
      if (
        !whole ||
        at < 0 ||
        start < 0 ||
        length < 0 ||
        at + length > target.length ||
        start + length > source.length
      ) {
        throw new OctavoError(
          `[simd] copy: got ${length} elements from ${start} to ${at}, expected them to fit [${from.shape.join(', ')}] and [${to.shape.join(', ')}]`,
        );
      }
      const size = bytesOfKind(source.kind);
      const first = source.address + start * size;
      const into = target.address + at * size;
      const bytes = length * size;
      if (target === source || bytes <= COPY_PIECE) engine.bytes().copyWithin(into, first, first + bytes);
      else engine.run(COPY_BYTES, Math.ceil(bytes / COPY_PIECE), 0, [first, into, bytes]);
    },
    flush: async () => {},
    read: async (tensor) => values(stored(tensor)),
    memory: () => ({ live, peak }),
    async destroy() {
      alive.clear();
      live = 0;
      await engine.stop();
    },
  };
  return device;
}
