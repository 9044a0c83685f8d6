export { headDimOf, type LlamaConfig, llamaConfigOf, llamaConfigs, validateConfig } from './config.ts';
export {
  type Cache,
  createCache,
  destroyCache,
  generate,
  nextLogits,
  type Sampling,
  sample,
} from './generate.ts';
export {
  configFromHuggingFace,
  fromHuggingFace,
  type HuggingFaceTensor,
  huggingFaceTensors,
  toHuggingFace,
} from './hugging-face.ts';
export {
  type Batch,
  createLlama,
  destroyLlama,
  type FeedForwardWatcher,
  feedForward,
  forward,
  type Llama,
  lossOf,
  workingWeight,
} from './model.ts';
export { countParameters, initialValues, type ParameterSpec, parameterSpecs } from './parameters.ts';
