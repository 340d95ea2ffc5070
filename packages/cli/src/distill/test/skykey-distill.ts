/** `skykey distill …` alone, in a process of its own, for tests. */
import { Command, CommanderError } from 'commander';
import { addDistill } from '../../distill.ts';

process.umask(0o077);
const program = new Command('skykey').exitOverride();
addDistill(program, { wholeNumber: Number, decimal: Number });
try {
  await program.parseAsync();
} catch (error) {
  const { code, message, stack } = error as Error & { code?: string };
  const known = error instanceof CommanderError || code?.includes('/');
  process.stderr.write(known ? `skykey: ${message}\n` : `${stack}\n`);
  process.exit(known ? 2 : 70);
}
