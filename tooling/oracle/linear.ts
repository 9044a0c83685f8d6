/**
 * @file A linear layer with its three products, from a recipe's data and nothing else:
 * y = Q(x) Q(W)ᵀ, dx = Q(dy) Q(W), dW = Q(dy)ᵀ Q(x), each operand cast as its product says. Smooth-SwiGLU per channel, in
 * `down` alone: as the paper's equation, y = Σ_j s_j⁻¹ Q(W_j) Q(s_j x_j); folded, y = Q(s ⊙ x) Q(W / s)ᵀ.
 *
 * Operands come from outside, micro-batch by micro-batch, as the layer that is judged has seen them: so each rounding
 * is judged by itself, and a maximum is either equal or wrong.
 */
import { type Format, formatOf } from '@octavo/formats';
import type { CastRecipe, LinearName, Recipe } from '@octavo/nn';
import { castBack, type Draws, scalesOf } from './cast.ts';
import { at, fill, largest, type Matrix, map, product, type Sum, transpose } from './matrix.ts';
import { exponent } from './rounding.ts';
import { historyOf, type Memory, nextScale } from './scaling.ts';

const { fround } = Math;

export type Operand = 'input' | 'weight' | 'grad';

/** One distinct cast of one operand: products that cast it alike share it. */
export interface Cast {
  readonly operand: Operand;
  /** Null: the operand stays as it is. */
  readonly recipe: CastRecipe | null;
  readonly format: Format;
  readonly memory: Memory | null;
  /** The largest maximum of the step so far. */
  amax: number;
}

export interface OracleLinear {
  readonly casts: readonly Cast[];
  /** y = x Wᵀ, dx = dy W, dW = dyᵀ x. */
  output(x: Matrix, weight: Matrix): Sum;
  gradInput(grad: Matrix, weight: Matrix, x: Matrix): Sum;
  gradWeight(grad: Matrix, x: Matrix): Sum;
  /** What is cast of these: s ⊙ x and W / s if folded, else x and W themselves. */
  operands(x: Matrix, weight: Matrix): { readonly input: Matrix; readonly weight: Matrix };
  /** Every operand of a micro-batch, as it is cast, is seen once. */
  see(operand: Operand, value: Matrix): void;
  /** A step with a value that is not finite teaches nothing: the last maximum stands for its own. */
  endStep(finite?: boolean): void;
  /** The scale that a cast's next step has, and its history; null where each tensor has its own. */
  scale(cast: Cast): number | null;
  history(cast: Cast): readonly number[];
}

/** `draws` gives what a cast's stochastic rounding draws from now. */
export function oracleLinear(
  recipe: Recipe,
  name: LinearName,
  draws: (cast: Cast) => Draws = () => ({ high: 0, low: 0, stream: 0 }),
): OracleLinear {
  const linear = recipe.overrides[name] ?? recipe.linear;
  const casts: Cast[] = [];
  const castOf = (operand: Operand, cast: CastRecipe | null): Cast => {
    const found = casts.find((c) => c.operand === operand && same(c.recipe, cast));
    if (found) return found;
    const format = formatOf(cast?.format ?? recipe.activations);
    const made: Cast = {
      operand,
      recipe: cast,
      format,
      memory: cast && { policy: cast.policy, steps: [] },
      amax: 0,
    };
    casts.push(made);
    return made;
  };
  const of = {
    output: { input: castOf('input', linear.output.input), weight: castOf('weight', linear.output.weight) },
    gradInput: {
      grad: castOf('grad', linear.gradInput.grad),
      weight: castOf('weight', linear.gradInput.weight),
    },
    gradWeight: {
      grad: castOf('grad', linear.gradWeight.grad),
      input: castOf('input', linear.gradWeight.input),
    },
  };
  const smoothing = name === 'down' ? recipe.smoothSwiglu : 'none';
  const smooth = smoothing === 'channel';
  /** s of the folded form, ones elsewhere. */
  const folded = (x: Matrix): number[] =>
    smoothing === 'channel-folded' ? channelPowers(x) : Array.from({ length: x.columns }, () => 1);
  const byColumn = (x: Matrix, factors: readonly number[]) => map(x, (v, _, column) => v * factors[column]!);
  const inverse = (factors: readonly number[]) => factors.map((factor) => 1 / factor);
  const both = ({ value, terms }: Sum, factors: readonly number[]): Sum => ({
    value: byColumn(value, factors),
    terms: byColumn(terms, factors),
  });
  const operands = (x: Matrix, weight: Matrix) => ({
    input: byColumn(x, folded(x)),
    weight: byColumn(weight, inverse(folded(x))),
  });

  /** The values that stand in a product, and the maximum that the policy sees. */
  const quantised = (cast: Cast, x: Matrix): Matrix => {
    const { recipe: how, format, memory } = cast;
    if (!how || !memory) return x;
    const given = nextScale(memory, format.max);
    if (!(smooth && cast.operand === 'input'))
      return castBack(x, scalesOf(x, how, format, given), how, format, draws(cast));
    const powers = channelPowers(x);
    const whole = scalesOf(byColumn(x, powers), { ...how, granularity: { kind: 'tensor' } }, format, given);
    const scale = fill(x.rows, x.columns, (row, column) => fround(at(whole, row, column) * powers[column]!));
    return castBack(x, scale, how, format, draws(cast));
  };

  return {
    casts,
    operands,
    output(x, weight) {
      const cast = operands(x, weight);
      return product(
        quantised(of.output.input, cast.input),
        transpose(quantised(of.output.weight, cast.weight)),
      );
    },
    gradInput(grad, weight, x) {
      const cast = operands(x, weight);
      const dx = product(quantised(of.gradInput.grad, grad), quantised(of.gradInput.weight, cast.weight));
      return both(dx, folded(x));
    },
    gradWeight(grad, x) {
      const input = byColumn(x, folded(x));
      const dw = product(
        transpose(quantised(of.gradWeight.grad, grad)),
        quantised(of.gradWeight.input, input),
      );
      return both(dw, inverse(folded(x)));
    },
    see(operand, value) {
      const seen = smooth && operand === 'input' ? byColumn(value, channelPowers(value)) : value;
      for (const cast of casts)
        if (cast.operand === operand) cast.amax = Math.max(cast.amax, fround(largest(seen.data)));
    },
    endStep(finite = true) {
      for (const cast of casts) {
        cast.memory?.steps.push(finite ? cast.amax : (cast.memory.steps.at(-1) ?? 0));
        cast.amax = 0;
      }
    },
    scale: ({ memory, format }) => memory && nextScale(memory, format.max),
    history: ({ memory }) => (memory ? historyOf(memory) : []),
  };
}

/** s_j = 2^−⌈log2 max_t |h_tj|⌉, 1 where the channel is zero (arXiv 2409.12517, Smooth-SwiGLU). */
export function channelPowers(h: Matrix): number[] {
  return Array.from({ length: h.columns }, (_, column) => {
    const most = largest(Array.from({ length: h.rows }, (_, row) => at(h, row, column)));
    if (most === 0) return 1;
    const below = exponent(most);
    return 2 ** -(2 ** below === most ? below : below + 1);
  });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
