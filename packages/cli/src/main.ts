/** `skykey …`: every command, its help, and one way to fail. */
import { Command, CommanderError } from 'commander';
import { agents } from './commands/agents.ts';
import { certifying } from './commands/certifying.ts';
import { conforming } from './commands/conforming.ts';
import { distilling } from './commands/distilling.ts';
import { measuring } from './commands/measuring.ts';
import { networking } from './commands/networking.ts';
import { planning } from './commands/planning.ts';
import { running } from './commands/running.ts';
import { studying } from './commands/studying.ts';
import { talking } from './commands/talking.ts';
import { VERSION } from './version.ts';

const program = new Command('skykey')
  .description(
    'From single photons of a satellite to a conversation nobody else can hear.\nThe photons are simulated; everything after them is real.',
  )
  .version(VERSION)
  .showHelpAfterError('(skykey help shows what there is)')
  .exitOverride();

/** These write plans, plots, reports and recordings, which are for others too. */
const FOR_OTHERS = [
  'passes',
  'budget',
  'plan',
  'validate',
  'keyrate',
  'lab',
  'bench',
  'write',
  'read',
  'convert',
  'conformance',
  'network',
  'kme-history',
];

// Vaults, keys and logs are for the user who runs Skykey and for nobody else.
program.hook('preAction', (_, command) => {
  if (!FOR_OTHERS.includes(command.name())) process.umask(0o077);
});

for (const commands of [
  running,
  planning,
  distilling,
  measuring,
  networking,
  agents,
  certifying,
  conforming,
  studying,
  talking,
])
  commands(program);

/** Errors that people can mend are sentences with a code; anything else is a fault, shown with its trace. */
function fail(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 64);
  const { code, message, stack } = error as Error & { code?: unknown };
  const forPeople = typeof code === 'string' && (code.includes('/') || /^E[A-Z]+$/.test(code));
  const sentence =
    code === 'ENOSPC'
      ? `the disk is full (${message}): free some space and start again. No key that was there is lost`
      : message;
  process.stderr.write(forPeople ? `skykey: ${sentence}\n` : `skykey: a fault of Skykey: ${stack ?? String(error)}\n`);
  process.exit(forPeople ? 2 : 70);
}

// A reader that has seen enough (`skykey passes | head`) is not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.on('uncaughtException', fail);
try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
