export type { Column } from './arrow/column.ts';
export { concatenate } from './bytes.ts';
export {
  type CheckpointFile,
  checkpointFileName,
  listCheckpoints,
  listShards,
  newestWholeCheckpoint,
} from './checkpoint/folder.ts';
export {
  type Checkpoint,
  type CheckpointOptions,
  checkpointColumns,
  type IndexedTensor,
  type StoredTensor,
  type TensorDescription,
  type TensorRecord,
} from './checkpoint/layout.ts';
export { openCheckpoint, verifyCheckpoint } from './checkpoint/read.ts';
export { SHARDS, type Shards, shardPath } from './checkpoint/shards.ts';
export { writeCheckpoint } from './checkpoint/write.ts';
export { type Crc32c, loadCrc32c } from './checksums.ts';
export type { ExtraFormats } from './element-bits.ts';
export { type FolderLock, LOCK_FILE, lockFolder } from './lock.ts';
export { makeFolder } from './make-folder.ts';
export { absolute, addressOf, isRemote, nameOf, parentOf, within } from './place/address.ts';
export type { AtomicFile, PlaceLock, ReadableFile, Seen } from './place/driver.ts';
export { lockPlace } from './place/lock.ts';
export {
  createAtomically,
  listNames,
  look,
  moveFile,
  openReadable,
  readWhole,
  removeFile,
  removeTemporaries,
  writeAtomically,
  writeFileAtomically,
} from './place/place.ts';
export { openWorkingFolder, type WorkingFolder } from './place/working-folder.ts';
export { continueFolder, type Replaceable, type Unfinished, writeFolder } from './replace-folder.ts';
export { openSafetensorsFolder, type SafetensorsFolder } from './safetensors/folder.ts';
export {
  entryBytes,
  type ListedEntry,
  type SafetensorsEntry,
  type SafetensorsType,
  safetensorsTypes,
} from './safetensors/header.ts';
export {
  openSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsTensor,
} from './safetensors/read.ts';
export { INDEX_FILE, type ShardIndex, SINGLE_FILE } from './safetensors/shard-index.ts';
export { decodeSafetensors, encodeSafetensors, safetensorsFormats } from './safetensors/values.ts';
export { type SafetensorsRecord, writeSafetensors } from './safetensors/write.ts';
export { planShards, writeSafetensorsFolder, writeShardIndex } from './safetensors/write-folder.ts';
export {
  shardColumns,
  type TokenArray,
  type TokenShard,
  type TokenShardReader,
  type TokenShardWriter,
} from './shards/layout.ts';
export { openTokenShard } from './shards/read.ts';
export { createTokenShard, writeTokenShard } from './shards/write.ts';
export {
  optional,
  required,
  rowFrom,
  type StatisticsColumn,
  type StatisticsRow,
  type StatisticsSchema,
  type StoredRow,
  statisticsColumns,
} from './statistics/layout.ts';
export { type ReadStatisticsOptions, readRows, readStatistics } from './statistics/read.ts';
export {
  type EvaluationRow,
  evaluated,
  evaluationStatistics,
  type GuardRow,
  guardStatistics,
  runStatistics,
  type StepRow,
  stepStatistics,
  type TensorRow,
  tensorStatistics,
} from './statistics/run.ts';
export { createTable, type Table } from './statistics/table.ts';
export { type Told, told } from './statistics/told.ts';
export { openStatistics, type StatisticsOptions, type StatisticsWriter } from './statistics/write.ts';
export { isTemporary } from './write-atomically.ts';
