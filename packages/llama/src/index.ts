export {
  type Cache,
  type CacheFormat,
  cacheFormats,
  cacheRowBytes,
  createCache,
  destroyCache,
} from './cache.ts';
export { headDimOf, type LlamaConfig, llamaConfigOf, llamaConfigs, validateConfig } from './config.ts';
export { generate, nextLogits } from './generate.ts';
export {
  fromHuggingFace,
  type HuggingFaceTensor,
  huggingFaceTensors,
  toHuggingFace,
} from './hugging-face.ts';
export { configFromHuggingFace } from './hugging-face-config.ts';
export { configToHuggingFace } from './hugging-face-config-write.ts';
export { type HuggingFaceShape, type HuggingFaceValues, matchHuggingFace } from './hugging-face-match.ts';
export { LLAMA2C_HEADER, type Llama2cTensor, llama2cLayout } from './llama2c.ts';
export {
  type Batch,
  createLlama,
  destroyLlama,
  forward,
  type Llama,
  llamaOf,
  lossOf,
  throughBlocks,
  within,
} from './model.ts';
export {
  checkModel,
  countParameters,
  createParameter,
  initialValues,
  type ParameterSpec,
  parameterSpecs,
} from './parameters.ts';
export { fromInterleaved, toInterleaved } from './rope-layout.ts';
export type { LinearScaling, Llama3Scaling, RopeScaling } from './rope-scaling.ts';
export { type Sampling, sample } from './sample.ts';
