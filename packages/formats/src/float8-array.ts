/** @file An array of numbers stored in eight bits each: bytes, and the format that gives them meaning. */
import { checkArray, checkLength } from './codes.ts';
import { decodeTable } from './decode.ts';
import { type DecodeArrayOptions, decodeArray } from './decode-array.ts';
import { type EncodeOptions, encode } from './encode.ts';
import { type EncodeArrayOptions, encodeArray } from './encode-array.ts';
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';

/**
 * Behaves like a typed array whose elements are numbers of an 8-bit format (or E2M1, one code a byte).
 * Elements are reached by `get`, `at` and `set`: index brackets would cost a Proxy. Writing rounds to nearest even and
 * saturates unless options say otherwise. No scale is kept: a scaled tensor is a `Float8Array` and its scale.
 */
export class Float8Array implements Iterable<number> {
  readonly format: Format;
  /** The memory itself, one code an element. */
  readonly codes: Uint8Array;

  /** `length` elements of code 0 (zero; 2^-127 in E8M0), or a view of codes that exist already. */
  constructor(format: Format, codes: number | Uint8Array) {
    if (format.bits > 8) {
      throw new OctavoError(
        `[formats] Float8Array: got format ${format.name} of ${format.bits} bits, expected at most 8 (use encodeArray)`,
      );
    }
    if (typeof codes !== 'number')
      checkArray(codes, 'Uint8Array', 'codes of a Float8Array (numbers: Float8Array.from)');
    this.format = format;
    this.codes = typeof codes === 'number' ? new Uint8Array(codes) : codes;
  }

  /** Numbers cast to `format`, rounded once, as `encodeArray` does. */
  static from(
    format: Format,
    values: ArrayLike<number> | Iterable<number>,
    options?: EncodeArrayOptions,
  ): Float8Array {
    const source = listOf(values);
    return new Float8Array(format, encodeArray(format, source, new Uint8Array(source.length), options));
  }

  /** The numbers given, cast to `format`. */
  static of(format: Format, ...values: number[]): Float8Array {
    return Float8Array.from(format, values);
  }

  get length(): number {
    return this.codes.length;
  }

  get byteLength(): number {
    return this.codes.byteLength;
  }

  /** The element at `index`, from 0; throws outside the array. */
  get(index: number): number {
    this.#check(index);
    return decodeTable(this.format)[this.codes[index]!]!;
  }

  /** The element at `index`, negative from the end, or undefined, as `Array.prototype.at`. */
  at(index: number): number | undefined {
    const code = this.codes.at(index);
    return code === undefined ? undefined : decodeTable(this.format)[code];
  }

  /** Writes one number at an index, or many from an offset (0) on, as `TypedArray.prototype.set`. */
  set(index: number, value: number, options?: EncodeOptions): void;
  set(values: ArrayLike<number> | Iterable<number>, offset?: number, options?: EncodeArrayOptions): void;
  set(
    to: number | ArrayLike<number> | Iterable<number>,
    by = 0,
    options: EncodeArrayOptions & EncodeOptions = {},
  ): void {
    if (typeof to === 'number') {
      this.#check(to);
      this.codes[to] = encode(this.format, by, options);
      return;
    }
    const source = listOf(to);
    if (!Number.isInteger(by) || by < 0 || by + source.length > this.length) {
      throw new OctavoError(
        `[formats] Float8Array.set: got ${source.length} values at ${by}, expected them to fit ${this.length} elements`,
      );
    }
    encodeArray(this.format, source, this.codes.subarray(by, by + source.length), options);
  }

  /** Writes one number everywhere from `start` to before `end`. */
  fill(value: number, start?: number, end?: number, options?: EncodeOptions): this {
    this.codes.fill(encode(this.format, value, options), start, end);
    return this;
  }

  /** A new array of the same format: `change` of every element, rounded as `from` does. */
  map(change: (value: number, index: number) => number, options?: EncodeArrayOptions): Float8Array {
    return Float8Array.from(this.format, Array.from(this, change), options);
  }

  /** A part that shares this array's memory. */
  subarray(start?: number, end?: number): Float8Array {
    return new Float8Array(this.format, this.codes.subarray(start, end));
  }

  /** A copy of a part. */
  slice(start?: number, end?: number): Float8Array {
    return new Float8Array(this.format, this.codes.slice(start, end));
  }

  /** All elements, divided by `scale` if one is given, into `target` if there is one. */
  toFloat32Array(
    options?: DecodeArrayOptions & { readonly target?: Float32Array | undefined },
  ): Float32Array {
    const target = options?.target ?? new Float32Array(this.length);
    checkLength(this.length, target.length);
    return decodeArray(this.format, this.codes, target, options);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    const table = decodeTable(this.format);
    for (const code of this.codes) yield table[code]!;
  }

  #check(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new OctavoError(
        `[formats] Float8Array index: got ${index}, expected an integer from 0 to ${this.length - 1}`,
      );
    }
  }
}

/** Numbers that an index reaches: a `Float8Array`, a set or a generator are walked once. */
const listOf = (values: ArrayLike<number> | Iterable<number>): ArrayLike<number> =>
  ArrayBuffer.isView(values) || Array.isArray(values) || !(Symbol.iterator in values)
    ? (values as ArrayLike<number>)
    : Array.from(values);
