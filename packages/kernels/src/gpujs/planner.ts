/** @file From an operator's call to built kernels: looked up by signature, so that a repeated step compiles nothing. */
import { type Format, OctavoError } from '@octavo/formats';
import type { Attributes, Operator } from '../operator.ts';
import type { Shape, Tensor } from '../tensor.ts';
import { elements } from '../tensor.ts';
import type { KernelSpec } from './kernel-spec.ts';
import { kernelSpec } from './kernel-spec.ts';

/** Where an argument comes from: an input of the operator, or the output of an earlier step. */
export type Source = { readonly from: 'input' | 'step'; readonly index: number };

export interface Step<Kernel> {
  readonly kernel: Kernel;
  readonly sources: readonly Source[];
  readonly numbers: readonly number[];
  /** Numbers written. */
  readonly length: number;
}

export interface Planner<Kernel> {
  /** The steps of a call; the last one writes `out`. */
  plan<A extends Attributes>(
    operator: Operator<A>,
    attributes: A,
    inputs: readonly Tensor[],
    out: Tensor,
  ): readonly Step<Kernel>[];
  readonly kernels: ReadonlyMap<string, Kernel>;
}

/** A planner that keeps plans by call signature and kernels by what they are compiled from. */
export function createPlanner<Kernel>(compile: (spec: KernelSpec) => Kernel): Planner<Kernel> {
  const plans = new Map<string, readonly Step<Kernel>[]>();
  const kernels = new Map<string, Kernel>();

  function kernelFor(spec: KernelSpec): Kernel {
    let kernel = kernels.get(spec.key);
    if (kernel === undefined) {
      kernel = compile(spec);
      kernels.set(spec.key, kernel);
    }
    return kernel;
  }

  return {
    kernels,
    plan(operator, attributes, inputs, out) {
      const key = callKey(operator.name, attributes, inputs, out);
      let steps = plans.get(key);
      if (steps === undefined) {
        steps = makePlan(operator, attributes, inputs, out, kernelFor);
        plans.set(key, steps);
      }
      return steps;
    },
  };
}

const formats = new WeakMap<Format, string>();
let formatCount = 0;

/** A format is an object, so two of one name are two formats. */
function formatKey(format: Format): string {
  let key = formats.get(format);
  if (key === undefined) {
    key = `${format.name}#${formatCount++}`;
    formats.set(format, key);
  }
  return key;
}

function callKey(name: string, attributes: Attributes, inputs: readonly Tensor[], out: Tensor): string {
  let key = `${name}|${formatKey(out.format)}:${out.shape}`;
  for (const input of inputs) key += `|${input.shape}`;
  for (const attribute in attributes) {
    const value = attributes[attribute]!;
    key += `|${attribute}=${typeof value === 'object' ? formatKey(value) : `${typeof value}:${value}`}`;
  }
  return key;
}

function makePlan<A extends Attributes, Kernel>(
  operator: Operator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  out: Tensor,
  kernelFor: (spec: KernelSpec) => Kernel,
): readonly Step<Kernel>[] {
  const shapes: readonly Shape[] = inputs.map((input) => input.shape);
  const passes = operator.passes({ attributes, inputs: shapes, out: out.shape, outFormat: out.format });
  if (passes.length === 0) {
    throw new OctavoError(`[kernels] ${operator.name} has no passes: gpu.js cannot run it`);
  }
  const lengths: number[] = [];
  return passes.map((pass, index) => {
    const sources = pass.arguments.map((name): Source => {
      const source: Source = name.startsWith('in')
        ? { from: 'input', index: Number(name.slice(2)) }
        : { from: 'step', index: Number(name.slice(1)) };
      if (!(source.index < (source.from === 'input' ? inputs.length : index))) {
        throw new OctavoError(
          `[kernels] ${operator.name}/${pass.name}: argument ${name} does not exist: got ${inputs.length} inputs, ${index} earlier passes`,
        );
      }
      return source;
    });
    const sizes = sources.map((source) =>
      source.from === 'input' ? elements(shapes[source.index]!) : lengths[source.index]!,
    );
    const spec = kernelSpec(operator.name, pass, out.format, sizes);
    lengths.push(spec.length);
    if (index === passes.length - 1 && spec.length !== elements(out.shape)) {
      throw new OctavoError(
        `[kernels] ${spec.label} writes ${spec.length} numbers, expected ${elements(out.shape)} for out [${out.shape}]`,
      );
    }
    return {
      kernel: kernelFor(spec),
      sources,
      numbers: Object.values(pass.numbers ?? {}),
      length: spec.length,
    };
  });
}
