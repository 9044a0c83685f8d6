/** @file Numbers that the host and the kernels both count with. assembly/ imports this file, too: it holds nothing else. */

/** How elements are stored: FP32 in four bytes, BF16 and FP16 in two, codes of at most eight bits in one. */
export const FP32_KIND = 0;
export const BF16_KIND = 1;
export const FP16_KIND = 2;
export const BYTE_KIND = 3;

export const NEAREST = 0;
export const TOWARD_ZERO = 1;
export const STOCHASTIC = 2;

// Memory below the arena, bytes: how threads share work (assembly/control.ts).

/** i64: epoch << 32 | tasks of the command that are not yet taken. */
export const COMMAND = 64;
/** i32: pages that the command's addresses may reach. */
export const PAGES = 72;
/** i32: tasks done. */
export const DONE = 128;
/** i32: workers asleep. */
export const ASLEEP = 192;
/** i32: 1 once workers must end. */
export const QUIT = 196;
/** i32: 1 while the main thread sleeps. */
export const MAIN_ASLEEP = 200;
/** i32: 1 once a worker has failed; then why: text, ended by a zero byte. */
export const FAILED = 204;
export const REASON = 208;
export const REASON_BYTES = 304;
/** i32 each: kernel, tasks, scratch address, scratch bytes a thread; then the kernel's arguments. */
export const PARAMETERS = 512;
export const ARGUMENTS = 528;
export const ARENA = 4096;

/** Bytes of a format's sixteen words (assembly/encode.ts), and of the table behind them (assembly/decode.ts). */
export const FORMAT_BYTES = 64;
export const TABLE_BYTES = 1104;

/** Elements of a task of the kernels that run over flat ranges. */
export const CHUNK = 16384;
/** Bytes of a task of a copy. */
export const COPY_PIECE = 262144;
/** Columns of a task of the kernels that go down columns. */
export const COLUMN_STRIP = 64;

/** The tile of a product: rows of a panel of A, columns of a panel of B. */
export const TILE_ROWS = 6;
export const TILE_COLUMNS = 8;
/** Rows of B that one row of A is multiplied by at a time. */
export const ROW_GROUP = 16;
/** Query rows of a step of attention: a multiple of the tile's. */
export const ATTENTION_STEP = 96;
/** What multiplies in attention: the tile, or the library, values being float32 or BF16. */
export const BY_TILE = 0;
export const BY_LIBRARY = 1;
export const BY_LIBRARY_BF16 = 2;

/** Sums of whole tensors: the most lanes, rows of a chunk of so many, lanes of a strip, bytes of a strip's state. */
export const MOST_LANES = 4096;
export const LANE_ROWS = 8;
export const LANE_STRIP = 1024;
export const LANE_STRIP_BYTES = 64;
/** Bytes from one power's sums to the next, beyond the lanes' own. */
export const LANE_SLACK = 64;
/** Bytes of what a task of castStatistics counts, and of AdamW's three maxima. */
export const COUNTS_BYTES = 20;
export const MAXIMA_BYTES = 12;

/** Bits of the form of a library's product: operands stored transposed; BF16 in place of float32. */
export const TRANSPOSE_A = 1;
export const TRANSPOSE_B = 2;
export const BF16_OPERANDS = 4;
export const BF16_RESULT = 8;
