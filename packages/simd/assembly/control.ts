/**
 * @file How threads share work: one command at a time, cut into tasks that whoever is free takes.
 *
 * A task belongs to the thread whose compare-and-swap took it, and the main thread returns only when every task is
 * done: so while a thread owns a task, the parameters it reads are those of its command.
 */
import { ASLEEP, COMMAND, DONE, FAILED, MAIN_ASLEEP, PAGES, PARAMETERS, QUIT } from '../src/numbers';
import { useScratch } from './command';
import { runTask } from './generated/tasks';

/** Looks at the command so often before sleeping: some 20 µs. */
const SPINS: i32 = 16000;

/**
 * Makes the engine tell this thread that memory grew. By itself V8 does so only at some turns of loops and some calls: a
 * thread that was set aside between one of those and a new command would find bulk operations out of bounds.
 */
// @ts-ignore: decorator
@external('env', 'seeGrowth')
declare function seeGrowth(): void;

/** Pages that this thread has seen. */
let seen: i32 = 0;

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
    const pages = load<i32>(PAGES);
    if (pages != seen) {
      seen = pages;
      seeGrowth();
    }
    useScratch(<usize>load<u32>(PARAMETERS + 8) + <usize>thread * <usize>load<u32>(PARAMETERS + 12));
    const tasks = load<i32>(PARAMETERS + 4);
    runTask(load<i32>(PARAMETERS), task);
    const done = atomic.add<i32>(DONE, 1) + 1;
    if (done == tasks && atomic.load<i32>(MAIN_ASLEEP) != 0) atomic.notify(DONE, 1);
    task = take();
  }
}

/** Runs the command in PARAMETERS on this thread alone. */
export function runAlone(): void {
  useScratch(<usize>load<u32>(PARAMETERS + 8));
  const kernel = load<i32>(PARAMETERS);
  const tasks = load<i32>(PARAMETERS + 4);
  for (let task = 0; task < tasks; task++) runTask(kernel, task);
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
