/**
 * @file How threads share work: one command at a time, cut into tasks that whoever is free takes.
 *
 * Memory below ARENA (bytes):
 *    64  i64  command: epoch << 32 | tasks not yet taken
 *   128  i32  tasks done
 *   192  i32  workers asleep
 *   196  i32  1 once workers must end
 *   200  i32  1 while the main thread sleeps
 *   204  i32  1 once a worker has failed
 *   208       why it has: text, ended by a zero byte
 *   512       parameters of the command: operator, tasks, scratch address, scratch bytes a thread, then its arguments
 *
 * A task belongs to the thread whose compare-and-swap took it, and the main thread returns only when every task is
 * done: so while a thread owns a task, the parameters it reads are those of its command.
 */
import { runTask } from './tasks';

const COMMAND: usize = 64;
const DONE: usize = 128;
const ASLEEP: usize = 192;
const QUIT: usize = 196;
const MAIN_ASLEEP: usize = 200;
const FAILED: usize = 204;
const PARAMETERS: usize = 512;
const ARGUMENTS: usize = PARAMETERS + 16;

/** Looks at the command so often before sleeping: some 20 µs. */
const SPINS: i32 = 16000;

/** This thread's own memory, valid during a task. */
let scratchAddress: usize = 0;

// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return scratchAddress;
}

/** Argument `i` of the command, as an integer. */
// @ts-ignore: decorator
@inline
export function int(i: i32): i32 {
  return load<i32>(ARGUMENTS + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
export function address(i: i32): usize {
  return <usize>load<u32>(ARGUMENTS + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
export function float(i: i32): f32 {
  return load<f32>(ARGUMENTS + ((<usize>i) << 2));
}

/** Takes one task, or returns −1. */
function take(): i32 {
  let word = atomic.load<u64>(COMMAND);
  while (<u32>word != 0) {
    const seen = atomic.cmpxchg<u64>(COMMAND, word, word - 1);
    if (seen == word) return load<i32>(PARAMETERS + 4) - <i32>(<u32>word);
    word = seen;
  }
  return -1;
}

/** Works until no task is left to take. */
function drain(thread: i32): void {
  let task = take();
  while (task >= 0) {
    scratchAddress = <usize>load<u32>(PARAMETERS + 8) + <usize>thread * <usize>load<u32>(PARAMETERS + 12);
    const tasks = load<i32>(PARAMETERS + 4);
    runTask(load<i32>(PARAMETERS), task);
    const done = atomic.add<i32>(DONE, 1) + 1;
    if (done == tasks && atomic.load<i32>(MAIN_ASLEEP) != 0) atomic.notify(DONE, 1);
    task = take();
  }
}

/** Runs the command in PARAMETERS on this thread alone. */
export function runAlone(): void {
  scratchAddress = <usize>load<u32>(PARAMETERS + 8);
  const operator = load<i32>(PARAMETERS);
  const tasks = load<i32>(PARAMETERS + 4);
  for (let task = 0; task < tasks; task++) runTask(operator, task);
}

/** Runs the command in PARAMETERS on all threads; false if a worker has failed. `sleeps`: this thread may wait. */
export function runShared(sleeps: bool): bool {
  const tasks = load<i32>(PARAMETERS + 4);
  atomic.store<i32>(DONE, 0);
  const epoch = (atomic.load<u64>(COMMAND) >> 32) + 1;
  atomic.store<u64>(COMMAND, (epoch << 32) | <u64>tasks);
  if (atomic.load<i32>(ASLEEP) != 0) atomic.notify(COMMAND, min(tasks - 1, atomic.load<i32>(ASLEEP)));
  drain(0);
  let spins = 0;
  while (true) {
    const done = atomic.load<i32>(DONE);
    if (done == tasks) return true;
    if (++spins < SPINS) continue;
    if (atomic.load<i32>(FAILED) != 0) return false;
    if (!sleeps) continue;
    atomic.store<i32>(MAIN_ASLEEP, 1);
    if (atomic.load<i32>(DONE) == done) atomic.wait<i32>(DONE, done, 20_000_000);
    atomic.store<i32>(MAIN_ASLEEP, 0);
  }
}

/** A worker's life: take tasks, look for the next command for a while, sleep. */
export function work(thread: i32): void {
  while (atomic.load<i32>(QUIT) == 0) {
    drain(thread);
    const word = atomic.load<u64>(COMMAND);
    let spins = 0;
    while (atomic.load<u64>(COMMAND) == word && spins < SPINS && <u32>word == 0) spins++;
    if (spins < SPINS) continue;
    atomic.add<i32>(ASLEEP, 1);
    if (atomic.load<i32>(QUIT) == 0) atomic.wait<i64>(COMMAND, word, -1);
    atomic.sub<i32>(ASLEEP, 1);
  }
}
