/** @file Libraries that compute products, and where a machine may have them: names for the loader's own search, then the usual folders. */
import type { Binding, Setup } from './binding.ts';

/** What is particular to one library. The device has threads of its own, so each call must stay on its thread. */
export interface Library {
  readonly name: string;
  readonly face: Binding['face'];
  /** Told by one of its symbols: libraries are found under many file names. Empty: any. */
  readonly mark: string;
  readonly setups: readonly Setup[];
  /** Functions without arguments that give a text about the version, as C prototypes. */
  readonly about: readonly string[];
}

const once = (prototype: string, ...values: number[]): Setup => ({ prototype, values });

/** In the order of asking. Setups of which the function is missing are passed over. */
export const libraries: readonly Library[] = [
  { name: 'oneDNN', face: 'onednn', mark: 'dnnl_primitive_execute', setups: [], about: [] },
  {
    name: 'OpenBLAS',
    face: 'blas',
    mark: 'openblas_set_num_threads',
    setups: [once('void openblas_set_num_threads(int)', 1)],
    about: ['const char *openblas_get_config()', 'const char *openblas_get_corename()'],
  },
  {
    name: 'MKL',
    face: 'blas',
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
    face: 'blas',
    mark: 'bli_thread_set_num_threads',
    setups: [once('void bli_thread_set_num_threads(int64_t)', 1)],
    about: ['const char *bli_info_get_version_str()'],
  },
  {
    name: 'Accelerate',
    face: 'blas',
    mark: 'BNNSFilterCreateFullyConnectedLayer',
    setups: [once('int BLASSetThreading(int)', 1)],
    about: [],
  },
  { name: 'BLAS', face: 'blas', mark: '', setups: [], about: [] },
];

const across = (folders: readonly string[], names: readonly string[]): string[] =>
  folders.flatMap((folder) => names.map((name) => `${folder}/${name}`));

const BLAS = [
  'libopenblas.so.0',
  'libopenblas.so',
  'libmkl_rt.so.3',
  'libmkl_rt.so.2',
  'libmkl_rt.so.1',
  'libmkl_rt.so',
  'libblis.so.4',
  'libblis.so',
];
const ONEDNN = ['libdnnl.so.3', 'libdnnl.so.2', 'libdnnl.so'];

/** Where a machine's search goes: its kind, and the roots of Python environments (`CONDA_PREFIX`, `VIRTUAL_ENV`). */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly environments: readonly string[];
}

/** Names and paths of libraries of one interface to try, best first. */
export const candidates = (machine: Machine, face: Binding['face']): readonly string[] =>
  face === 'onednn' ? onednnPlaces(machine) : blasPlaces(machine);

const triplet = (arch: string): string => `/usr/lib/${arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

function onednnPlaces({ platform, environments }: Machine): readonly string[] {
  if (platform === 'darwin')
    return across(
      [...inside(environments, 'lib'), '/opt/homebrew/opt/onednn/lib', '/usr/local/opt/onednn/lib'],
      ['libdnnl.dylib'],
    );
  if (platform === 'win32') return ['dnnl.dll', ...across(inside(environments, 'Library/bin'), ['dnnl.dll'])];
  const folders = ['/usr/lib64', '/usr/local/lib', '/usr/local/lib64', '/opt/intel/oneapi/dnnl/latest/lib'];
  return [...across(inside(environments, 'lib'), ONEDNN), ...ONEDNN, ...across(folders, ONEDNN)];
}

const inside = (roots: readonly string[], folder: string): string[] =>
  roots.map((root) => `${root}/${folder}`);

function blasPlaces({ platform, arch }: Machine): readonly string[] {
  if (platform === 'darwin') {
    return [
      '/System/Library/Frameworks/Accelerate.framework/Accelerate',
      ...across(['/opt/homebrew/opt/openblas/lib', '/usr/local/opt/openblas/lib'], ['libopenblas.dylib']),
    ];
  }
  if (platform === 'win32')
    return ['libopenblas.dll', 'openblas.dll', 'mkl_rt.3.dll', 'mkl_rt.2.dll', 'mkl_rt.1.dll'];
  const folders = [
    `${triplet(arch)}/openblas-pthread`,
    `${triplet(arch)}/openblas-openmp`,
    `${triplet(arch)}/openblas-serial`,
    '/usr/lib64',
    '/usr/local/lib',
    '/usr/local/lib64',
    '/opt/OpenBLAS/lib',
    '/opt/intel/oneapi/mkl/latest/lib',
    '/opt/intel/oneapi/mkl/latest/lib/intel64',
    `${triplet(arch)}/blis-pthread`,
    '/home/linuxbrew/.linuxbrew/lib',
  ];
  return [...BLAS, ...across(folders, BLAS)];
}
