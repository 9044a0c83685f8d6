/** @file The machine's MPI library, found and called through koffi, which is an optional peer. */
import { createRequire } from 'node:module';
import { OctavoError } from '@octavo/formats';

/** A function of the library. */
type Call = (...values: unknown[]) => unknown;

interface Library {
  func(prototype: string): Call;
  symbol(name: string, type: string): unknown;
}

interface Koffi {
  load(path: string): Library;
  address(of: unknown): bigint;
}

/** Handles are addresses in Open MPI and integers in MPICH: the ABI's two kinds. */
export interface Mpi {
  /** Open MPI or MPICH, and its version. */
  readonly description: string;
  /** MPI_COMM_WORLD, types and operations by their names in C. */
  readonly handles: Readonly<Record<Handle, bigint | number>>;
  /** The value of MPI_IN_PLACE. */
  readonly inPlace: bigint;
  /** Requests under way, as the library wants them: one handle an element. */
  requests(count: number): BigUint64Array | Int32Array;
  addressOf(view: ArrayBufferView): bigint;
  /** Calls `MPI_name`. Throws an `OctavoError` with the library's own words where it fails. */
  call(name: keyof typeof PROTOTYPES, ...values: unknown[]): void;
}

export type Handle = 'world' | 'float' | 'int' | 'byte' | 'sum' | 'max' | 'errorsReturn';

/** Arguments in C; H is a handle. Buffers are addresses, since they must stay where they are after a call. */
const PROTOTYPES = {
  Init_thread: 'uintptr_t, uintptr_t, int, uintptr_t',
  Finalize: '',
  Initialized: 'uintptr_t',
  Abort: 'H, int',
  Comm_rank: 'H, uintptr_t',
  Comm_size: 'H, uintptr_t',
  Comm_set_errhandler: 'H, H',
  Error_string: 'int, uintptr_t, uintptr_t',
  Get_library_version: 'uintptr_t, uintptr_t',
  Iallreduce: 'intptr_t, uintptr_t, int, H, H, H, uintptr_t',
  Ireduce_scatter_block: 'uintptr_t, uintptr_t, int, H, H, H, uintptr_t',
  Iallgather: 'uintptr_t, int, H, uintptr_t, int, H, H, uintptr_t',
  Ialltoall: 'uintptr_t, int, H, uintptr_t, int, H, H, uintptr_t',
  Ibcast: 'uintptr_t, int, H, int, H, uintptr_t',
  Ibarrier: 'H, uintptr_t',
  Isend: 'uintptr_t, int, H, int, int, H, uintptr_t',
  Irecv: 'uintptr_t, int, H, int, int, H, uintptr_t',
  Test: 'uintptr_t, uintptr_t, uintptr_t',
} as const;

/** Objects of Open MPI by symbol (its mpi.h). */
const OPEN_MPI: Readonly<Record<Handle, string>> = {
  world: 'ompi_mpi_comm_world',
  float: 'ompi_mpi_float',
  int: 'ompi_mpi_int',
  byte: 'ompi_mpi_byte',
  sum: 'ompi_mpi_op_sum',
  max: 'ompi_mpi_op_max',
  errorsReturn: 'ompi_mpi_errors_return',
};

/** Constants of MPICH and all that share its ABI (its mpi.h). */
const MPICH: Readonly<Record<Handle, number>> = {
  world: 0x44000000,
  float: 0x4c00040a,
  int: 0x4c000405,
  byte: 0x4c00010d,
  sum: 0x58000003,
  max: 0x58000001,
  errorsReturn: 0x54000001,
};

const NAMES: Readonly<Record<string, readonly string[]>> = {
  darwin: ['libmpi.dylib', '/opt/homebrew/lib/libmpi.dylib', '/usr/local/lib/libmpi.dylib'],
  linux: [
    'libmpi.so.40',
    'libmpi.so',
    '/usr/lib64/openmpi/lib/libmpi.so.40',
    'libmpi.so.12',
    'libmpich.so.12',
    'libmpich.so',
  ],
};

/** The library at a path, or the first that the machine has. Throws an `OctavoError` (exit code 2) where there is none. */
export function loadMpi(path: string | null): Mpi {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new OctavoError(
      `[mpi] cannot use ${path ?? 'MPI'}: ${reason}: install Open MPI (apt-get install openmpi-bin, brew install open-mpi) and koffi (npm install koffi)`,
      { exitCode: 2, cause },
    );
  };
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch (cause) {
    return refuse('koffi, which calls it, is not installed', cause);
  }
  let reason = `no library for ${process.platform} is known`;
  for (const name of path === null ? (NAMES[process.platform] ?? []) : [path]) {
    try {
      return bind(koffi, koffi.load(name));
    } catch (error) {
      reason = (error as Error).message.split('\n')[0]!;
    }
  }
  return refuse(reason);
}

function bind(koffi: Koffi, library: Library): Mpi {
  const symbol = (name: string): bigint => koffi.address(library.symbol(name, 'char'));
  const isOpenMpi = has(() => symbol(OPEN_MPI.world));
  const handle = isOpenMpi ? 'uintptr_t' : 'int';
  const functions = Object.fromEntries(
    Object.entries(PROTOTYPES).map(([name, given]) => [
      name,
      library.func(`int MPI_${name}(${given.replace(/\bH\b/g, handle)})`),
    ]),
  );
  const handles = isOpenMpi
    ? (Object.fromEntries(Object.entries(OPEN_MPI).map(([name, of]) => [name, symbol(of)])) as Record<
        Handle,
        bigint
      >)
    : MPICH;
  const addressOf = (view: ArrayBufferView): bigint =>
    koffi.address(new Uint8Array(view.buffer as ArrayBuffer)) + BigInt(view.byteOffset);
  /** Text of at most 8191 bytes that a function writes. */
  const said = (name: 'Error_string' | 'Get_library_version', ...values: unknown[]): string => {
    const [text, length] = [new Uint8Array(8192), new Int32Array(1)];
    functions[name]!(...values, addressOf(text), addressOf(length));
    return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
  };
  const version = said('Get_library_version').trim();
  return {
    description: /^(Open MPI v[\w.]+|MPICH Version:\s*[\w.]+)/.exec(version)?.[0] ?? version.slice(0, 80),
    handles,
    inPlace: isOpenMpi ? 1n : -1n,
    requests: (count) => (isOpenMpi ? new BigUint64Array(count) : new Int32Array(count)),
    addressOf,
    call(name, ...values) {
      const code = functions[name]!(...values) as number;
      if (code === 0) return;
      throw new OctavoError(`[mpi] MPI_${name} failed: ${said('Error_string', code)}`);
    },
  };
}

function has(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}
