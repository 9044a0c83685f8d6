/** @file llama.cpp by node-llama-cpp: greedy decoding of our weights, written as GGUF. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWeights } from '../stories.ts';
import { type GgufKind, ggufOf } from './gguf.ts';
import { importPeer, versionOf } from './load.ts';
import { serve } from './serve.ts';

interface Sequence {
  evaluate(tokens: readonly number[], options: { temperature: number }): AsyncGenerator<number>;
  clearHistory(): Promise<void>;
}

interface LlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): Sequence }>;
    }>;
  }>;
}

const threads = Number(process.argv[2]);
await serve('llama.cpp', async () => {
  const { getLlama } = await importPeer<LlamaCpp>('node-llama-cpp');
  // what is installed, or nothing: it neither downloads nor compiles
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
    logLevel: 'error',
  });
  const sequences = new Map<string, Sequence>();
  const load = async (kind: string, folder: string): Promise<Sequence> => {
    const { config, values } = readWeights(folder);
    const modelPath = join(folder, `${kind}.gguf`);
    writeFileSync(
      modelPath,
      ggufOf(config, (name) => values.get(name)!, kind as GgufKind),
    );
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
    return (
      await model.createContext({ contextSize: config.contextLength, threads, sequences: 1 })
    ).getSequence();
  };
  return {
    version: versionOf('node-llama-cpp'),
    threads,
    async answer(request) {
      if (request.task !== 'decode') return { error: 'it is compared on decoding only' };
      const { kind, model, tokens: count } = request;
      const sequence = sequences.get(kind) ?? (await load(kind, model));
      sequences.set(kind, sequence);
      await sequence.clearHistory();
      const tokens: number[] = [];
      const start = performance.now();
      for await (const token of sequence.evaluate([1], { temperature: 0 })) {
        tokens.push(token);
        if (tokens.length === count) break;
      }
      return { ms: performance.now() - start, tokens };
    },
  };
});
