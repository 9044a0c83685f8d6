export type { TokenArray, TokenShard, TokenShardReader, TokenShardWriter } from './token-shard.ts';
export { openTokenShard } from './token-shard-read.ts';
export { createTokenShard, writeTokenShard } from './token-shard-write.ts';
export { removeTemporaries, writeAtomically, writeFileAtomically } from './write-atomically.ts';
