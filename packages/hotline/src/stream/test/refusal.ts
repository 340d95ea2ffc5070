import assert from 'node:assert/strict';
import { HotlineError, type HotlineErrorCode } from '../../error.ts';

/** The code of the HotlineError that `attempt` throws; anything else is passed on. */
export function codeOf(attempt: () => unknown): HotlineErrorCode {
  try {
    attempt();
  } catch (error) {
    if (error instanceof HotlineError) return error.code;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Fails unless `attempt` throws a HotlineError with this code. */
export function refuses(code: HotlineErrorCode, attempt: () => unknown): void {
  assert.equal(codeOf(attempt), code);
}
