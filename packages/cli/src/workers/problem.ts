/** Errors on their way from one thread to another: classes do not cross, so they are taken apart and put together again. */
import { DistillError } from '@skykey/distill';
import { CliError } from '../error.ts';

/** An error in words. */
export interface Problem {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
}

type Coded = new (code: never, message: string) => Error;

/** Errors that people can mend. KernelError is behind DistillError here: its faults are ours. */
const CODED: Readonly<Record<string, Coded>> = { DistillError, CliError };
const PLAIN: Readonly<Record<string, new (message: string) => Error>> = { RangeError, TypeError };

export function wordsOf(error: unknown): Problem {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return { name, message, ...(typeof code === 'string' && { code }), ...(stack !== undefined && { stack }) };
}

/** The error again, of its own class and with its own trace. */
export function errorOf({ name, code, message, stack }: Problem): Error {
  const coded = CODED[name];
  const error =
    coded && code !== undefined
      ? new coded(code as never, message)
      : Object.assign(new (PLAIN[name] ?? Error)(message), code === undefined ? {} : { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
