export type { CheckpointOptions, StoredTensor, TensorDescription, TensorRecord } from './checkpoint.ts';
export {
  type CheckpointFile,
  checkpointFileName,
  listCheckpoints,
  newestWholeCheckpoint,
} from './checkpoint-folder.ts';
export { type Checkpoint, type IndexedTensor, openCheckpoint, verifyCheckpoint } from './checkpoint-read.ts';
export { writeCheckpoint } from './checkpoint-write.ts';
export type { ExtraFormats } from './element-bits.ts';
export { type FolderLock, LOCK_FILE, lockFolder } from './lock.ts';
export {
  type EvaluationRow,
  evaluationStatistics,
  type GuardRow,
  guardStatistics,
  runStatistics,
  type StepRow,
  stepStatistics,
  type TensorRow,
  tensorStatistics,
} from './run-statistics.ts';
export {
  type ListedEntry,
  type SafetensorsEntry,
  type SafetensorsType,
  safetensorsTypes,
} from './safetensors.ts';
export {
  openSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsTensor,
} from './safetensors-read.ts';
export { type SafetensorsRecord, writeSafetensors } from './safetensors-write.ts';
export type { StatisticsColumn, StatisticsRow, StatisticsSchema } from './statistics.ts';
export { type ReadStatisticsOptions, readStatistics } from './statistics-read.ts';
export { openStatistics, type StatisticsOptions, type StatisticsWriter } from './statistics-write.ts';
export type { TokenArray, TokenShard, TokenShardReader, TokenShardWriter } from './token-shard.ts';
export { openTokenShard } from './token-shard-read.ts';
export { createTokenShard, writeTokenShard } from './token-shard-write.ts';
export { isTemporary, removeTemporaries, writeAtomically, writeFileAtomically } from './write-atomically.ts';
