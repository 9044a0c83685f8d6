/** @file onnxruntime-node on its CPU provider: a graph of one MatMul. */
import { checked, operands } from '../protocol.ts';
import { load, versionOf } from './load.ts';
import { matMulModel } from './onnx-model.ts';
import { remember, serve, timeFor } from './serve.ts';

interface OrtTensor {
  readonly data: Float32Array;
}

interface Ort {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: number[]) => OrtTensor;
}

const threads = Number(process.argv[2]);
await serve('onnxruntime-node', async () => {
  const { InferenceSession, Tensor } = load<Ort>('onnxruntime-node');
  const product = remember(async (size: number) => {
    const session = await InferenceSession.create(matMulModel(size), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      extra: { session: { force_spinning_stop: '1' } }, // its threads rest while others have their turn
    });
    const [a, b] = operands(size).map((values) => new Tensor('float32', values, [size, size]));
    return { session, feeds: { a: a!, b: b! } };
  });
  return {
    version: versionOf('onnxruntime-node'),
    threads,
    async answer(request) {
      if (request.task !== 'gemm') return { error: 'it is compared on products only' };
      const { session, feeds } = await product(request.size);
      let out = await session.run(feeds);
      const ms = await timeFor(request.leastMs, async () => {
        out = await session.run(feeds);
      });
      return { ms, check: checked(request.size).map((i) => out.c!.data[i]!) };
    },
  };
});
