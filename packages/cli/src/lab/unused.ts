/** Options that would be ignored: whoever gives one believes that it does something. */
import { CliError } from '../error.ts';

/** Throws CliError `cli/option` for the first of these options that is there. */
export function refuseUnused<T extends object>(
  options: T,
  unused: readonly (keyof T & string)[],
  beside: string,
): void {
  const found = unused.find((name) => options[name] !== undefined);
  if (found === undefined) return;
  throw new CliError('cli/option', `--${found} has no effect with ${beside}; leave it out`);
}
