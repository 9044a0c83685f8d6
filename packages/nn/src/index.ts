export type { MatrixOperand } from '@octavo/kernels';
export { castName } from './cast-name.ts';
export {
  accumulate,
  activationFormat,
  apply,
  type Context,
  keep,
  RECOMPUTATIONS,
  type Recompute,
  result,
} from './context.ts';
export { add } from './functions/add.ts';
export { attention, type Heads, type Positions, rope } from './functions/attention.ts';
export { crossEntropy } from './functions/cross-entropy.ts';
export { embedding, type TokenIndex } from './functions/embedding.ts';
export { headLoss, rowsAtOnce } from './functions/head-loss.ts';
export { project } from './functions/project.ts';
export { rmsNorm } from './functions/rms-norm.ts';
export { scaleTokens, swiglu, swigluPerToken } from './functions/swiglu.ts';
export { createFp8Linear, type Fp8Linear, linear } from './linear.ts';
export { observe, slotOf } from './observe.ts';
export { matmul } from './operand.ts';
export {
  beginMicroBatch,
  beginStep,
  createPrecision,
  destroyPrecision,
  dropQuantizedWeights,
  endStep,
  type OperandName,
  type Precision,
  type Site,
  siteOf,
  writeScales,
} from './precision.ts';
export { quantize, quantizeSmooth, quantizeWeight } from './quantize.ts';
export {
  type CastRecipe,
  type LinearName,
  type LinearRecipe,
  type OptimizerRecipe,
  type Recipe,
  SMOOTHINGS,
  type Smoothing,
} from './recipe.ts';
export { extendRecipe, type RecipeExtension } from './recipes/extend.ts';
export { recipeOf, recipes } from './recipes/index.ts';
export { validateRecipe } from './recipes/validate.ts';
export { recomputed } from './recompute.ts';
export { type Point, type Recording, type Seen, STATISTICS_LENGTH } from './recording.ts';
export { seesAlike, smoothingOf, smoothLayer, switchSmoothing } from './smoothing.ts';
export { createTape, type Tape } from './tape.ts';
export { type Parameter, type Variable, variable } from './variable.ts';
