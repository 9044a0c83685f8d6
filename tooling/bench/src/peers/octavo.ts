/** @file Octavo's SIMD device as a contender: `octavo.js off|onednn|blas THREADS`, with a library of the machine or without. */
import {
  createLibraryDevice,
  createPlainDevice,
  type ProductLibrary,
  prepareProduct,
  productLibraries,
  stepBatch,
  stepPlan,
} from '@octavo/bench';
import { FP32 } from '@octavo/formats';
import { createScope, type Device, gemm } from '@octavo/kernels';
import { type CacheFormat, createLlama, generate } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { createTraining, trainStep } from '@octavo/trainer';
import { checked, operands, type Reply, type Request } from '../protocol.ts';
import { seed, stepCase } from '../stories.ts';
import { remember, serve, timeFor } from './serve.ts';

const [library = 'off', count = '2'] = process.argv.slice(2) as [ProductLibrary | 'off', string];
const threads = Number(count);

async function createDevice(): Promise<Device> {
  if (library === 'off') return createPlainDevice(threads);
  const device = await createLibraryDevice(threads, library);
  if (!device) throw new Error(`no ${productLibraries[library]} was found`);
  return device;
}

const blocks = { aBlockRows: 1, aBlockColumns: 1, bBlockRows: 1, bBlockColumns: 1 };
const plain = { transposeA: false, transposeB: false, ...blocks, scaledA: false, scaledB: false };

await serve(library === 'off' ? 'Octavo' : `Octavo + ${productLibraries[library]}`, async () => {
  const device = await createDevice();
  const scope = createScope(device);
  const product = remember((size: number) => {
    const [a, b] = operands(size).map((values) => {
      const tensor = scope.alloc([size, size], FP32);
      device.write(tensor, values);
      return tensor;
    });
    const out = scope.alloc([size, size], FP32);
    return { out, run: () => device.run(gemm, plain, [a!, b!], [out]) };
  });
  const layerProduct = remember((key: string) => {
    const request = JSON.parse(key) as Extract<Request, { task: 'product' }>;
    return prepareProduct(device, scope, request, request.operands);
  });
  const trainingOf = remember(async (kind: string) =>
    createTraining(await createDevice(), stepPlan(stepCase, kind)),
  );
  const decoderOf = remember((kind: string) =>
    createLlama(stepCase.model, createPrecision(device, recipeOf(kind)), { seed }),
  );
  return {
    version: device.description,
    threads,
    async answer(request: Request): Promise<Reply> {
      if (request.task === 'gemm') {
        const { out, run } = await product(request.size);
        const ms = await timeFor(request.leastMs, run);
        const values = await device.read(out);
        return { ms, check: checked(request.size).map((i) => values[i]!) };
      }
      if (request.task === 'product') {
        const run = await layerProduct(JSON.stringify(request));
        return { ms: await timeFor(request.leastMs, run) };
      }
      if (request.task === 'decode') {
        const [recipe, kvCache] = request.kind.split(' ') as [string, CacheFormat | undefined];
        const model = await decoderOf(recipe);
        const tokens: number[] = [];
        const start = performance.now();
        const options = { count: request.tokens, temperature: 0, seed, ...(kvCache && { kvCache }) };
        for await (const token of generate(model, [1], options)) tokens.push(token);
        return { ms: performance.now() - start, tokens };
      }
      const training = await trainingOf(request.kind);
      const batch = stepBatch(stepCase);
      const start = performance.now();
      const { loss } = await trainStep(training, [batch]);
      return { ms: performance.now() - start, loss };
    },
  };
});
