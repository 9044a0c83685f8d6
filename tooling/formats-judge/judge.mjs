/**
 * @file Compares the casts of @octavo/formats with onnxruntime's `Cast` and writes the digests that its tests check.
 *
 *   npm install --prefix /tmp/onnx --ignore-scripts onnxruntime-node@1.30.0     (288 MB, outside the repository)
 *   node tooling/formats-judge/judge.mjs /tmp/onnx
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { decodeArray, encodeArray, formatOf } from '@octavo/formats';
import { canonicalBytes, judgeInputs } from '../../packages/formats/test/support/judge-inputs.mjs';
import { castModel } from './onnx-model.mjs';

/** Element types of onnx.proto. */
const TYPES = { e4m3fn: 17, e4m3fnuz: 18, e5m2: 19, e5m2fnuz: 20 };
const DIGESTS = new URL('../../packages/formats/test/onnxruntime-digests.json', import.meta.url);

const folder = process.argv[2];
if (!folder) {
  console.error(
    'usage: node judge.mjs FOLDER, the folder where `npm install --prefix FOLDER onnxruntime-node` was run',
  );
  process.exit(2);
}
const require = createRequire(`${resolve(folder)}/package.json`);
const { InferenceSession, Tensor } = require('onnxruntime-node');
const { version } = require('onnxruntime-node/package.json');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const digests = [];
let wrong = 0;

for (const [name, type] of Object.entries(TYPES)) {
  for (const overflow of ['saturate', 'special']) {
    const format = formatOf(name);
    const inputs = judgeInputs(format, overflow);
    const model = castModel([{ name: 'y', type, saturate: overflow === 'saturate' }]);
    const session = await InferenceSession.create(model, { graphOptimizationLevel: 'disabled' });
    const { y } = await session.run({ x: new Tensor('float32', inputs, [inputs.length]) });
    const theirs = y.data;
    const ours = decodeArray(format, encodeArray(format, inputs, undefined, { overflow }));
    const differing = [];
    for (let i = 0; i < inputs.length; i++) if (!Object.is(ours[i], theirs[i])) differing.push(i);
    wrong += differing.length;
    console.log(
      `${name.padEnd(9)} ${overflow.padEnd(9)} ${inputs.length} values, ${differing.length} differ`,
    );
    for (const i of differing.slice(0, 8))
      console.log(`  ${inputs[i]}: ours ${ours[i]}, onnxruntime ${theirs[i]}`);
    digests.push({
      format: name,
      overflow,
      count: inputs.length,
      inputs: sha256(canonicalBytes(inputs)),
      outputs: sha256(canonicalBytes(theirs)),
    });
  }
}

if (wrong > 0) {
  console.error(`${wrong} values differ: no digests written`);
  process.exit(1);
}
const about =
  'written by tooling/formats-judge/judge.mjs; inputs: test/support/judge-inputs.mjs; outputs are onnxruntime’s';
writeFileSync(DIGESTS, `${JSON.stringify({ about, onnxruntime: version, digests }, null, 2)}\n`);
