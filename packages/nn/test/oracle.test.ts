// @module-tag slow
import { counterRandom, FP32 } from '@octavo/formats';
import { createReferenceDevice, createScope } from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import { expectWithinOneStep } from '../../../tooling/oracle/agree.ts';
import { type Cast, type OracleLinear, oracleLinear } from '../../../tooling/oracle/linear.ts';
import { add, type Matrix, map, matrix, type Sum } from '../../../tooling/oracle/matrix.ts';
import { nearest } from '../../../tooling/oracle/rounding.ts';
import { swiglu, swigluGrad, tokenMaxima } from '../../../tooling/oracle/swiglu.ts';
import {
  beginMicroBatch,
  beginStep,
  dropQuantizedWeights,
  endStep,
  type Fp8Linear,
  recipes,
  type Site,
} from '../src/index.ts';
import { createMlp, type Mlp, type Passed, pass, read, replace } from './mlp.ts';

const [STEPS, MICRO_BATCHES, SEED] = [20, 2, 5];
/** No size is a multiple of 32: every axis has a block that is cut off. */
const [TOKENS, HIDDEN, FFN] = [40, 36, 44];

describe('an MLP is what its recipe says, over 20 steps of 2 micro-batches', () => {
  it.each(Object.keys(recipes))('%s', async (name) => {
    const device = createReferenceDevice();
    const recipe = recipes[name]!;
    const mlp = createMlp(device, recipe, {
      gateUp: bell(2 * FFN, HIDDEN, 1, 0.2),
      down: bell(HIDDEN, FFN, 2, 0.2),
    });
    const { precision, format, layers } = mlp;
    const rounded = (value: Matrix) => map(value, (v) => nearest(format, v));
    for (const { weight } of Object.values(layers))
      replace(mlp, weight, rounded(await read(device, weight.value)));

    let microBatches = 0;
    const exact = Object.fromEntries(
      Object.entries(layers).map(([linear, layer]) => [
        linear,
        // Micro-batches are counted on from step to step, so that none draws another's bits.
        oracleLinear(recipe, layer.name, (cast) => ({
          high: SEED,
          low: microBatches,
          stream: siteOf(layer, exact[linear as 'down'], cast).index,
        })),
      ]),
    ) as Record<'gateUp' | 'down', OracleLinear>;

    for (let step = 0; step < STEPS; step++) {
      const scope = createScope(device);
      const recording = beginStep(precision, scope, {
        step,
        seed: SEED,
        microBatches: MICRO_BATCHES,
        sample: false,
      });
      await expectScales(mlp, exact, `step ${step}`);
      const weights = {
        gateUp: await read(device, layers.gateUp.weight.value),
        down: await read(device, layers.down.weight.value),
      };
      const grads: Record<'gateUp' | 'down', Sum[]> = { gateUp: [], down: [] };
      for (let i = 0; i < MICRO_BATCHES; i++) {
        beginMicroBatch(precision, i);
        const at = 2 * microBatches;
        const x = rounded(bell(TOKENS, HIDDEN, 1000 + at, sizeOf(at)));
        const grad = rounded(bell(TOKENS, HIDDEN, 2000 + at, 1e-3 * sizeOf(at + 1)));
        const passed = await pass(mlp, x, grad);
        judge(`step ${step}, micro-batch ${i}`, mlp, exact, weights, { x, grad, ...passed });
        grads.gateUp.push(exact.gateUp.gradWeight(passed.dGateUp, x));
        grads.down.push(exact.down.gradWeight(passed.dy, passed.h));
        see(exact.gateUp, x, weights.gateUp, passed.dGateUp);
        see(exact.down, passed.h, weights.down, passed.dy);
        microBatches++;
      }
      for (const [linear, { weight }] of Object.entries(layers)) {
        expect(weight.grad!.format).toBe(FP32);
        const sum = grads[linear as 'down'].reduce(add);
        expectWithinOneStep(`step ${step}, dW of ${linear}`, FP32, await read(device, weight.grad!), sum);
      }
      endStep(precision, await device.read(recording.amaxes));
      for (const [linear, oracle] of Object.entries(exact)) {
        oracle.endStep();
        for (const cast of oracle.casts) {
          const { state } = siteOf(layers[linear as 'down'], oracle, cast);
          if (cast.recipe)
            expect(state!.history, `step ${step}, ${linear} ${cast.operand}`).toEqual(oracle.history(cast));
        }
      }
      for (const [linear, { weight }] of Object.entries(layers))
        replace(
          mlp,
          weight,
          rounded(
            map(weights[linear as 'down'], (w, row, column) => w * (1 + 0.3 * Math.sin(step + row + column))),
          ),
        );
      dropQuantizedWeights(precision);
      scope.release();
    }
    await device.destroy();
  });
});

/** Every result, from the operands that the device itself had. */
function judge(
  when: string,
  { format }: Mlp,
  exact: Record<'gateUp' | 'down', OracleLinear>,
  weights: { gateUp: Matrix; down: Matrix },
  seen: Passed & { x: Matrix; grad: Matrix },
): void {
  const is = (what: string, got: Matrix, sum: Sum) =>
    expectWithinOneStep(`${when}, ${what}`, format, got, sum);
  const plain = (value: Matrix): Sum => ({ value, terms: map(value, Math.abs) });
  const { x, gateUp, t, h, y, out, grad, dy, dh, dGateUp, dx } = seen;
  const times = (value: Matrix) => (t ? map(value, (v, row) => v * t[row]!) : value);
  is('gate and up', gateUp, exact.gateUp.output(x, weights.gateUp));
  if (t) expect(t).toEqual(tokenMaxima(gateUp).map(Math.fround));
  is('h', h, plain(swiglu(gateUp, t)));
  is('y', y, exact.down.output(h, weights.down));
  is('t · y', out, plain(times(y)));
  is('dy', dy, plain(times(grad)));
  is('dh', dh, exact.down.gradInput(dy, weights.down, h));
  is('d(gate and up)', dGateUp, swigluGrad(gateUp, dh, t));
  is('dx', dx, exact.gateUp.gradInput(dGateUp, weights.gateUp, x));
}

function see(oracle: OracleLinear, x: Matrix, weight: Matrix, grad: Matrix): void {
  const cast = oracle.operands(x, weight);
  oracle.see('input', cast.input);
  oracle.see('weight', cast.weight);
  oracle.see('grad', grad);
}

async function expectScales(
  { device, layers }: Mlp,
  exact: Record<string, OracleLinear>,
  when: string,
): Promise<void> {
  for (const [linear, oracle] of Object.entries(exact))
    for (const cast of oracle.casts) {
      const what = `${when}, scale of ${linear} ${cast.operand}`;
      const site = siteOf(layers[linear as 'down'], oracle, cast);
      const scale = oracle.scale(cast);
      expect(site.usesOwnMaximum, what).toBe(cast.recipe !== null && scale === null);
      if (scale !== null) expect(await device.read(site.scale), what).toEqual(new Float32Array([scale]));
    }
}

/** The site of a cast: a layer's distinct sites, and the oracle's casts, stand in one order. */
function siteOf(
  { sites: { output, gradInput, gradWeight } }: Fp8Linear,
  oracle: OracleLinear,
  cast: Cast,
): Site {
  const sites = [
    output.input,
    output.weight,
    gradInput.grad,
    gradInput.weight,
    gradWeight.grad,
    gradWeight.input,
  ];
  const distinct = [...new Set(sites)];
  expect(distinct.length).toBe(oracle.casts.length);
  return distinct[oracle.casts.indexOf(cast)]!;
}

/** Bell-shaped values, one column twelve times as large, some elements nearly nothing. */
function bell(rows: number, columns: number, seed: number, size: number): Matrix {
  return matrix(
    rows,
    columns,
    Array.from({ length: rows * columns }, (_, i) => {
      let sum = -2;
      for (let j = 0; j < 4; j++) sum += counterRandom(seed, 4 * i + j) / 2 ** 32;
      return Math.fround(sum * size * (i % columns === 7 ? 12 : 1) * (i % 97 === 0 ? 2 ** -9 : 1));
    }),
  );
}

/** From 1/8 to 8, in no order: a step's maximum stands in either micro-batch, and is forgotten later. */
const sizeOf = (i: number): number => 2 ** (6 * (counterRandom(17, i) / 2 ** 32) - 3);
