/** @file Where a machine may have a BLAS: names for the loader's own search, then the usual folders. */

/** A call that a library needs before products: its prototype in C, and its arguments. */
export interface Setup {
  readonly prototype: string;
  readonly values: readonly number[];
}

/** What is particular to one library. The device has threads of its own, so each call must stay on its thread. */
export interface Library {
  readonly name: string;
  /** Told by one of its symbols: libraries are found under many file names. Empty: any. */
  readonly mark: string;
  readonly setups: readonly Setup[];
  /** Functions without arguments that give a text about the version, as C prototypes. */
  readonly about: readonly string[];
}

const once = (prototype: string, ...values: number[]): Setup => ({ prototype, values });

/** In the order of asking. Setups of which the function is missing are passed over. */
export const libraries: readonly Library[] = [
  {
    name: 'OpenBLAS',
    mark: 'openblas_set_num_threads',
    setups: [once('void openblas_set_num_threads(int)', 1)],
    about: ['const char *openblas_get_config()', 'const char *openblas_get_corename()'],
  },
  {
    name: 'MKL',
    mark: 'MKL_Set_Num_Threads',
    // int as 32 bits; the layer without threads, which needs no further library
    setups: [
      once('int MKL_Set_Interface_Layer(int)', 0),
      once('int MKL_Set_Threading_Layer(int)', 1),
      once('void MKL_Set_Num_Threads(int)', 1),
    ],
    about: [],
  },
  {
    name: 'BLIS',
    mark: 'bli_thread_set_num_threads',
    setups: [once('void bli_thread_set_num_threads(int64_t)', 1)],
    about: ['const char *bli_info_get_version_str()'],
  },
  {
    name: 'Accelerate',
    mark: 'BNNSFilterCreateFullyConnectedLayer',
    setups: [once('int BLASSetThreading(int)', 1)],
    about: [],
  },
  { name: 'BLAS', mark: '', setups: [], about: [] },
];

const across = (folders: readonly string[], names: readonly string[]): string[] =>
  folders.flatMap((folder) => names.map((name) => `${folder}/${name}`));

const LINUX = [
  'libopenblas.so.0',
  'libopenblas.so',
  'libmkl_rt.so.3',
  'libmkl_rt.so.2',
  'libmkl_rt.so.1',
  'libmkl_rt.so',
  'libblis.so.4',
  'libblis.so',
];

/** Names and paths to try, best first. */
export function candidates(platform: string, arch: string): readonly string[] {
  if (platform === 'darwin') {
    return [
      '/System/Library/Frameworks/Accelerate.framework/Accelerate',
      ...across(['/opt/homebrew/opt/openblas/lib', '/usr/local/opt/openblas/lib'], ['libopenblas.dylib']),
    ];
  }
  if (platform === 'win32')
    return ['libopenblas.dll', 'openblas.dll', 'mkl_rt.3.dll', 'mkl_rt.2.dll', 'mkl_rt.1.dll'];
  const triplet = `/usr/lib/${arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const folders = [
    `${triplet}/openblas-pthread`,
    `${triplet}/openblas-openmp`,
    `${triplet}/openblas-serial`,
    '/usr/lib64',
    '/usr/local/lib',
    '/usr/local/lib64',
    '/opt/OpenBLAS/lib',
    '/opt/intel/oneapi/mkl/latest/lib',
    '/opt/intel/oneapi/mkl/latest/lib/intel64',
    `${triplet}/blis-pthread`,
    '/home/linuxbrew/.linuxbrew/lib',
  ];
  return [...LINUX, ...across(folders, LINUX)];
}
