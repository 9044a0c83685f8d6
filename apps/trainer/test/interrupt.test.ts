import { afterEach, expect, test, vi } from 'vitest';
import { catchInterrupts } from '../src/interrupt.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the first interrupt aborts and says so once; a second one later ends the process with 130', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  let time = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => time);
  const said = vi.fn();
  const { signal, release } = catchInterrupts(said);
  expect(signal.aborted).toBe(false);
  process.emit('SIGINT');
  expect(signal.aborted).toBe(true);
  time += 100; // npm passes on what the terminal has sent already
  process.emit('SIGINT');
  expect(exit).not.toHaveBeenCalled();
  time += 1000;
  process.emit('SIGTERM');
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  expect(said).toHaveBeenCalledOnce();
  release();
});

test('after release the signals are Node’s again', () => {
  const before = process.listenerCount('SIGINT');
  const { release } = catchInterrupts(() => {});
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  release();
  expect(process.listenerCount('SIGINT')).toBe(before);
});
