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
  fromHuggingFace,
  type HuggingFaceTensor,
  huggingFaceTensors,
  toHuggingFace,
} from './hugging-face.ts';
export { configFromHuggingFace } from './hugging-face-config.ts';
export { type HuggingFaceValues, matchHuggingFace } from './hugging-face-match.ts';
export {
  type Batch,
  createLlama,
  destroyLlama,
  forward,
  type Llama,
  lossOf,
} from './model.ts';
export { countParameters, initialValues, type ParameterSpec, parameterSpecs } from './parameters.ts';
