/**
 * @file Speed of the kernels, after a build: `node packages/simd/bench/bench.mjs [gemm|casts|operators] [--threads N] [--simd128] [--library auto|onednn|blas|PATH] [--best]`.
 * Medians of short runs (or their best, on a busy machine). Casts and operators are given in GB/s of what they read and write, beside a plain copy
 * of the same bytes.
 */
import { BF16, E4M3FN, E5M2, FP32 } from '@octavo/formats';
import * as k from '@octavo/kernels';
import { createSimdDevice } from '../dist/index.js';

const threadsAt = process.argv.indexOf('--threads');
const libraryAt = process.argv.indexOf('--library');
const device = await createSimdDevice({
  ...(threadsAt > 0 ? { threads: Number(process.argv[threadsAt + 1]) } : {}),
  ...(libraryAt > 0 ? { library: process.argv[libraryAt + 1] } : {}),
  ...(process.argv.includes('--simd128') ? { instructionSet: 'simd128' } : {}),
});
const chosen = process.argv[2]?.startsWith('--') ? undefined : process.argv[2];
console.log(device.description);

/** Median milliseconds of `run`, over 5 to 50 runs of some 0.3 s in all. */
function median(run) {
  run();
  const times = [];
  const start = performance.now();
  while (times.length < 5 || (times.length < 50 && performance.now() - start < 300)) {
    const t = performance.now();
    run();
    times.push(performance.now() - t);
  }
  return process.argv.includes('--best')
    ? Math.min(...times)
    : times.sort((a, b) => a - b)[times.length >> 1];
}

const tensor = (shape, format, spread = 1) => {
  const t = device.alloc(shape, FP32);
  device.write(
    t,
    Float32Array.from({ length: k.elements(shape) }, () => (Math.random() - 0.5) * spread),
  );
  if (format === FP32) return t;
  const out = device.alloc(shape, format);
  const one = device.alloc([1, 1], FP32);
  device.write(one, [1]);
  const block = { blockRows: 2 ** 30, blockColumns: 2 ** 30 };
  device.run(
    k.cast,
    { ...block, rounding: 'nearest-even', overflow: 'saturate', stream: 0 },
    [t, one],
    [out],
  );
  device.free(t);
  device.free(one);
  return out;
};

const whole = 2 ** 30;
const blocks = { aBlockRows: whole, aBlockColumns: whole, bBlockRows: whole, bBlockColumns: whole };

function gemm(m, n, kk, formatA, formatB, transposeA, transposeB, outFormat = FP32) {
  const a = tensor(transposeA ? [kk, m] : [m, kk], formatA, 4);
  const b = tensor(transposeB ? [n, kk] : [kk, n], formatB, 4);
  const scale = tensor([1, 1], FP32);
  const out = device.alloc([m, n], outFormat);
  const scaled = formatA.bits === 8;
  const attributes = { transposeA, transposeB, ...blocks, scaledA: scaled, scaledB: scaled };
  const inputs = scaled ? [a, b, scale, scale] : [a, b];
  const ms = median(() => device.run(k.gemm, attributes, inputs, [out]));
  for (const t of [a, b, scale, out]) device.free(t);
  return { 'GFLOP/s': +((2 * m * n * kk) / ms / 1e6).toFixed(1), ms: +ms.toFixed(3) };
}

if (!chosen || chosen === 'gemm') {
  const rows = {};
  for (const size of [256, 512, 1024]) {
    rows[`fp32 ${size} NN`] = gemm(size, size, size, FP32, FP32, false, false);
    rows[`fp32 ${size} NT`] = gemm(size, size, size, FP32, FP32, false, true);
    rows[`fp32 ${size} TN`] = gemm(size, size, size, FP32, FP32, true, false);
    rows[`bf16 ${size} NT -> bf16`] = gemm(size, size, size, BF16, BF16, false, true, BF16);
    rows[`e4m3fn ${size} NT -> bf16`] = gemm(size, size, size, E4M3FN, E4M3FN, false, true, BF16);
    rows[`e5m2 x e4m3fn ${size} NN -> bf16`] = gemm(size, size, size, E5M2, E4M3FN, false, false, BF16);
    rows[`e5m2 x e4m3fn ${size} TN -> fp32`] = gemm(size, size, size, E5M2, E4M3FN, true, false, FP32);
  }
  for (const [name, m, n, kk, ta, tb] of [
    ['gate-up forward', 2048, 1536, 288, false, true],
    ['gate-up grad input', 2048, 288, 1536, false, false],
    ['gate-up grad weight', 1536, 288, 2048, true, false],
    ['output forward', 2048, 288, 288, false, true],
    ['head forward', 2048, 32000, 288, false, true],
    ['one token', 1, 1536, 288, false, true],
  ]) {
    rows[`fp32 ${name} ${m}x${n}x${kk}`] = gemm(m, n, kk, FP32, FP32, ta, tb);
    rows[`e4m3fn ${name} ${m}x${n}x${kk}`] = gemm(m, n, kk, E4M3FN, E4M3FN, ta, tb, BF16);
  }
  console.table(rows);
}

const bytes = (t) => k.elements(t.shape) * (t.format.bits <= 8 ? 1 : t.format.bits / 8);

function bandwidth(rows, name, operator, attributes, inputs, shape, format) {
  const out = device.alloc(shape, format);
  const ms = median(() => device.run(operator, attributes, inputs, [out]));
  const moved = [...inputs, out].reduce((sum, t) => sum + bytes(t), 0);
  rows[name] = { 'GB/s': +(moved / ms / 1e6).toFixed(2), ms: +ms.toFixed(3) };
  device.free(out);
}

function copySpeed(rows, length) {
  const from = tensor([length], FP32);
  const to = tensor([length], FP32); // written, or its pages would not be there yet
  const ms = median(() => device.copy(to, from));
  rows[`copy of ${length} floats`] = {
    'GB/s': +((8 * length) / ms / 1e6).toFixed(2),
    ms: +ms.toFixed(3),
  };
  device.free(from);
  device.free(to);
}

if (!chosen || chosen === 'casts') {
  const rows = {};
  const shape = [4096, 4096];
  copySpeed(rows, (4096 * 4096 * 5) / 8); // the bytes of a cast from FP32
  const scale = tensor([1, 1], FP32);
  device.write(scale, [100]);
  const seed = device.alloc([2], FP32);
  device.write(seed, [1, 2]);
  const block = { blockRows: whole, blockColumns: whole };
  const how = { ...block, rounding: 'nearest-even', overflow: 'saturate', stream: 0 };
  const statistics = { ...block, max: 448, minSubnormal: 2 ** -9 };
  for (const source of [FP32, BF16]) {
    const x = tensor(shape, source);
    const name = source.name;
    bandwidth(rows, `${name} -> e4m3fn`, k.cast, how, [x, scale], shape, E4M3FN);
    bandwidth(
      rows,
      `${name} -> e4m3fn, special`,
      k.cast,
      { ...how, overflow: 'special' },
      [x, scale],
      shape,
      E4M3FN,
    );
    bandwidth(
      rows,
      `${name} -> e5m2 stochastic`,
      k.cast,
      { ...how, rounding: 'stochastic' },
      [x, scale, seed],
      shape,
      E5M2,
    );
    bandwidth(rows, `${name} -> bf16`, k.cast, how, [x, scale], shape, BF16);
    bandwidth(
      rows,
      `${name} -> fp16`,
      k.cast,
      how,
      [x, scale],
      shape,
      (await import('@octavo/formats')).FP16,
    );
    bandwidth(rows, `${name} amax`, k.amax, block, [x], [1, 1], FP32);
    bandwidth(rows, `${name} castStatistics`, k.castStatistics, statistics, [x, scale], [8], FP32);
    const codes = device.alloc(shape, E4M3FN);
    const maxima = device.alloc([1, 1], FP32);
    const ms = median(() => device.run(k.quantizeScaled, how, [x, scale], [codes, maxima]));
    rows[`${name} quantizeScaled`] = {
      'GB/s': +((bytes(x) + bytes(codes)) / ms / 1e6).toFixed(2),
      ms: +ms.toFixed(3),
    };
    const eight = device.alloc([8], FP32);
    const both = { ...how, max: 448, minSubnormal: 2 ** -9 };
    const time = median(() => device.run(k.castWithStatistics, both, [x, scale], [codes, maxima, eight]));
    rows[`${name} castWithStatistics`] = {
      'GB/s': +((bytes(x) + bytes(codes)) / time / 1e6).toFixed(2),
      ms: +time.toFixed(3),
    };
    device.free(eight);
    const rowsScale = device.alloc([4096, 32], FP32);
    device.write(rowsScale, new Float32Array(4096 * 32).fill(3));
    bandwidth(
      rows,
      `${name} -> e4m3fn, 1x128`,
      k.cast,
      { ...how, blockRows: 1, blockColumns: 128 },
      [x, rowsScale],
      shape,
      E4M3FN,
    );
    for (const t of [codes, maxima, rowsScale, x]) device.free(t);
  }
  const codes = tensor(shape, E4M3FN);
  bandwidth(rows, 'e4m3fn -> fp32 dequantize', k.dequantize, block, [codes, scale], shape, FP32);
  bandwidth(rows, 'e4m3fn -> bf16 dequantize', k.dequantize, block, [codes, scale], shape, BF16);
  console.table(rows);
}

if (!chosen || chosen === 'operators') {
  const rows = {};
  const [T, D, F, H, hd] = [2048, 288, 768, 6, 48];
  copySpeed(rows, T * D);
  for (const f of [FP32, BF16]) {
    const x = tensor([T, D], f);
    const y = tensor([T, D], f);
    const gain = tensor([D], FP32);
    const n = f.name;
    bandwidth(rows, `${n} add`, k.add, {}, [x, y], [T, D], f);
    bandwidth(rows, `${n} rmsNorm`, k.rmsNorm, { epsilon: 1e-5 }, [x, gain], [T, D], f);
    bandwidth(rows, `${n} rmsNormGradInput`, k.rmsNormGradInput, { epsilon: 1e-5 }, [y, x, gain], [T, D], f);
    bandwidth(rows, `${n} rmsNormGradGain`, k.rmsNormGradGain, { epsilon: 1e-5 }, [y, x], [D], FP32);
    const gateUp = tensor([T, 2 * F], f, 4);
    const dh = tensor([T, F], f);
    bandwidth(rows, `${n} swiglu`, k.swiglu, { perToken: false }, [gateUp], [T, F], f);
    bandwidth(rows, `${n} swigluGrad`, k.swigluGrad, { perToken: false }, [gateUp, dh], [T, 2 * F], f);
    const qkv = tensor([T, 3 * D], f);
    const heads = { heads: H, keyValueHeads: H, headDim: hd };
    const tables = k.ropeTables(256, hd, 10000);
    const cos = device.alloc([256, hd / 2], FP32);
    const sin = device.alloc([256, hd / 2], FP32);
    device.write(cos, tables.cos);
    device.write(sin, tables.sin);
    const positions = device.alloc([T], FP32);
    device.write(
      positions,
      Float32Array.from({ length: T }, (_, i) => i % 256),
    );
    bandwidth(
      rows,
      `${n} rope`,
      k.rope,
      { ...heads, inverse: false },
      [qkv, cos, sin, positions],
      [T, 3 * D],
      f,
    );
    const sequences = { batch: 8, sequence: 256, ...heads };
    bandwidth(rows, `${n} attention 8x256`, k.attention, sequences, [qkv], [T, D], f);
    bandwidth(rows, `${n} attentionGrad 8x256`, k.attentionGrad, sequences, [qkv, x], [T, 3 * D], f);
    const V = 4096;
    const logits = tensor([T, V], f, 8);
    const targets = device.alloc([T], FP32);
    device.write(
      targets,
      Float32Array.from({ length: T }, (_, i) => (i * 37) % V),
    );
    const weight = tensor([1], FP32);
    bandwidth(rows, `${n} crossEntropy ${V}`, k.crossEntropy, {}, [logits, targets], [T], FP32);
    const losses = device.alloc([T], FP32);
    const dlogits = device.alloc([T, V], f);
    const ms = median(() =>
      device.run(k.crossEntropyWithGrad, {}, [logits, targets, weight], [losses, dlogits]),
    );
    rows[`${n} crossEntropyWithGrad ${V}`] = {
      'GB/s': +((bytes(logits) * 2) / ms / 1e6).toFixed(2),
      ms: +ms.toFixed(3),
    };
    for (const t of [
      x,
      y,
      gain,
      gateUp,
      dh,
      qkv,
      cos,
      sin,
      positions,
      logits,
      targets,
      weight,
      losses,
      dlogits,
    ])
      device.free(t);
  }
  for (const [name, fw, fm, fv] of [
    ['fp32', FP32, FP32, FP32],
    ['fp8-full', (await import('@octavo/formats')).FP16, E4M3FN, E5M2],
  ]) {
    const length = 2 ** 21;
    const g = tensor([length], FP32);
    const hyper = device.alloc([9], FP32);
    device.write(hyper, [1e-3, 0.9, 0.95, 1e-8, 0.1, 1, 0.1, 0.05, 2]);
    const states = [fw, fm, fv].map((f, i) => [
      tensor([length], f, 1, i === 2 ? 0 : -0.5),
      device.alloc([1, 1], FP32),
    ]);
    for (const [, s] of states) device.write(s, [1]);
    const outs = [fw, fm, fv].map((f) => [device.alloc([length], f), device.alloc([1, 1], FP32)]);
    const attributes = {
      decays: true,
      masterRounding: 'nearest-even',
      momentRounding: 'nearest-even',
      powerOfTwo: false,
      bounded: true,
      stream: 0,
    };
    const ms = median(() => device.run(k.adamw, attributes, [...states.flat(), g, hyper], outs.flat()));
    const moved = [...states.flat(), ...outs.flat(), g].reduce((sum, t) => sum + bytes(t), 0);
    rows[`adamw ${name} 2M`] = { 'GB/s': +(moved / ms / 1e6).toFixed(2), ms: +ms.toFixed(3) };
    for (const t of [g, hyper, ...states.flat(), ...outs.flat()]) device.free(t);
  }
  console.table(rows);
}
await device.destroy();
