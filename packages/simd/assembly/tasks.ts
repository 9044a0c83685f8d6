/** @file The operators by number; the same numbers stand in src/operator-numbers.ts. */
import { adamMoment, adamWeight, adamwMaxima, adamwScales, adamwStore } from './adam';
import { attention, attentionCached, attentionGrad, attentionGradJoin } from './attention';
import { libraryProduct, operandHalves, operandValues } from './library';
import { amaxBlocks, amaxChunks, amaxJoin, scaleFromAmax } from './amax';
import { cast, dequantize, quantizeBlocks } from './cast';
import { copyBytes } from './copy';
import { elementwise, scaleColumns, scaleRows } from './elementwise';
import { embedding, embeddingGrad } from './embedding';
import { gemmFew, gemmPack, gemmPanelOfA, gemmTiles } from './gemm';
import { crossEntropy } from './loss';
import { lostUpdates } from './lost';
import { channelCosine, inverseRmsRows, rmsNorm, rmsNormGradGain, rmsNormGradInput, sumColumns } from './norm';
import { laneJoin, laneSums } from './reduce';
import { rope } from './rope';
import { laneStatistics, statisticsJoin } from './statistics';
import { smoothScale, swiglu, swigluGrad, tokenAmax } from './swiglu';

export function runTask(operator: i32, task: i32): void {
  switch (operator) {
    case 0: return cast(task);
    case 1: return dequantize(task);
    case 2: return amaxChunks(task);
    case 3: return amaxJoin(task);
    case 4: return amaxBlocks(task);
    case 5: return scaleFromAmax(task);
    case 6: return laneStatistics(task);
    case 7: return statisticsJoin(task);
    case 8: return gemmPack(task);
    case 9: return gemmTiles(task);
    case 10: return gemmPanelOfA(task);
    case 11: return gemmFew(task);
    case 12: return embedding(task);
    case 13: return embeddingGrad(task);
    case 14: return elementwise(task);
    case 15: return scaleRows(task);
    case 16: return rmsNorm(task);
    case 17: return rmsNormGradInput(task);
    case 18: return inverseRmsRows(task);
    case 19: return rmsNormGradGain(task);
    case 20: return sumColumns(task);
    case 21: return rope(task);
    case 22: return swiglu(task);
    case 23: return swigluGrad(task);
    case 24: return tokenAmax(task);
    case 25: return smoothScale(task);
    case 26: return crossEntropy(task);
    case 27: return adamMoment(task);
    case 28: return adamWeight(task);
    case 29: return laneSums(task);
    case 30: return laneJoin(task);
    case 31: return channelCosine(task);
    case 32: return attention(task);
    case 33: return attentionGrad(task);
    case 34: return attentionCached(task);
    case 35: return adamwMaxima(task);
    case 36: return adamwScales(task);
    case 37: return adamwStore(task);
    case 38: return operandValues(task);
    case 39: return libraryProduct(task);
    case 40: return quantizeBlocks(task);
    case 41: return attentionGradJoin(task);
    case 42: return copyBytes(task);
    case 43: return scaleColumns(task);
    case 44: return lostUpdates(task);
    case 45: return operandHalves(task);
    default: unreachable();
  }
}
