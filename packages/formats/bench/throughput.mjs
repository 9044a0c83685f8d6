/**
 * @file Elements a second of the array codecs on one thread: `node bench/throughput.mjs [--json]` after a build.
 * Best of several runs over 2^20 elements, which stay in cache for the most part; normally distributed values.
 */
import { decodeArray, E2M1, encodeArray, formats, roundArray } from '@octavo/formats';

const LENGTH = 2 ** 20;
const SECONDS = 0.25;

const source = Float32Array.from({ length: LENGTH }, () => {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return radius * Math.cos(2 * Math.PI * Math.random());
});
const values = new Float32Array(LENGTH);

/** Most elements a second among repeated runs. */
function rate(run) {
  for (let i = 0; i < 5; i++) run();
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return LENGTH / (best / 1000);
}

const rows = Object.values(formats).map((format) => {
  const codes = encodeArray(format, source);
  const scale = format === E2M1 ? 2 : 16;
  return {
    format: format.name,
    encode: rate(() => encodeArray(format, source, codes)),
    encodeScaled: rate(() => encodeArray(format, source, codes, { scale })),
    stochastic: rate(() => encodeArray(format, source, codes, { rounding: 'stochastic', seed: 1 })),
    decode: rate(() => decodeArray(format, codes, values)),
    decodeScaled: rate(() => decodeArray(format, codes, values, { scale })),
    round: rate(() => roundArray(format, source, values)),
  };
});

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ unit: 'elements/s', length: LENGTH, node: process.version, rows }));
} else {
  const columns = Object.keys(rows[0]).slice(1);
  console.log(`million elements a second, one thread, Node ${process.version}`);
  console.log(['format', ...columns].map((c) => c.padStart(13)).join(''));
  for (const row of rows) {
    console.log(
      [row.format, ...columns.map((c) => (row[c] / 1e6).toFixed(0))].map((c) => c.padStart(13)).join(''),
    );
  }
}
