/** What every process of Skykey does alike: a log, a clean end, and no life beyond the process that started it. */
import { type Logger, type LoggerOptions, pino } from 'pino';

/** The one logger. Key material never reaches it: SecretBytes refuses to be written, and these paths are cut anyway. */
export function createLog(name: string, to: 'stdout' | 'stderr' = 'stdout'): Logger {
  const options: LoggerOptions = {
    name,
    level: process.env.SKYKEY_LOG ?? 'info',
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['key', 'keys', '*.key', '*.keys', 'token', '*.token', 'bytes', '*.bytes'], censor: '[secret]' },
  };
  return to === 'stdout' ? pino(options) : pino(options, pino.destination({ fd: 2, sync: true }));
}

/**
 * Calls `stop` once on SIGINT, SIGTERM or when the parent's pipe closes (a parent killed with -9 leaves no orphan),
 * then exits with `code`; at the latest after `limitMs` (3 s).
 */
export function onEnd(stop: () => Promise<void> | void, options: { followParent: boolean; limitMs?: number }): void {
  let ending = false;
  const end = async (code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    // A peer that never closes must not keep the process alive.
    setTimeout(() => process.exit(code), options.limitMs ?? 3000).unref();
    try {
      await stop();
    } finally {
      process.exit(code);
    }
  };
  process.on('SIGINT', () => void end(130));
  process.on('SIGTERM', () => void end(143));
  if (options.followParent) {
    process.stdin.on('end', () => void end(0));
    process.stdin.on('error', () => void end(0));
    process.stdin.resume();
  }
}
