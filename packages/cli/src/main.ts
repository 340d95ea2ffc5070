/** `skykey …`: every command, its help, and one way to fail. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { demo } from './demo.ts';
import { pass } from './pass.ts';
import { passes } from './passes.ts';
import { node, sky, up } from './processes.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('give a whole number from 0 on.');
  return value;
}

function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('give a number.');
  return value;
}

const DEFAULT_SCENARIO = 'micius-2016-12-19';

const program = new Command('skykey')
  .description(
    'From single photons of a satellite to a conversation nobody else can hear.\nThe photons are simulated; everything after them is real.',
  )
  .version('0.1.0')
  .showHelpAfterError('(skykey help shows what there is)')
  .exitOverride();

program
  .command('up')
  .argument('[scenario]', 'id of a shipped scenario, or the path of a .json file', DEFAULT_SCENARIO)
  .description('start a scenario with all its processes, and the console in a browser')
  .option('--port <n>', 'first port; the console is on it, the key managers on the next two', wholeNumber, 8460)
  .option('--data <folder>', 'where vaults, certificates and logs are kept (data/<scenario>)')
  .option('--speed <x>', 'fixed speed of the mission clock, a multiple of real time (automatic)', decimal)
  .option('--seed <n>', 'seed of the simulated sky, used at the first start (random)', wholeNumber)
  .option('--json', 'one JSON document with the addresses, once everything answers')
  .addHelpText('after', '\nExample:\n  skykey up micius-2016-12-19 --port 9000 --data /tmp/skykey')
  .action(up);

program
  .command('node')
  .description('run the process of one site or satellite')
  .requiredOption('--config <file>', 'its configuration, as "skykey up" writes it into the data folder')
  .addHelpText('after', '\nExample:\n  skykey node --config data/micius-2016-12-19/beijing.config.json')
  .action(node);

program
  .command('sky')
  .description('run the process that plays physics')
  .requiredOption('--config <file>', 'its configuration, as "skykey up" writes it into the data folder')
  .addHelpText('after', '\nExample:\n  skykey sky --config data/micius-2016-12-19/sky.config.json')
  .action(sky);

program
  .command('passes')
  .description('when a satellite passes over a station')
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--station <id>', 'one station (all)')
  .option('--from <iso>', 'begin, a day or an instant UTC (start of the scenario)')
  .option('--to <iso>', 'end (three days later)')
  .option('--min-elevation <deg>', 'elevation that counts as visible', decimal, 10)
  .option('--json', 'one JSON document')
  .addHelpText('after', '\nExample:\n  skykey passes --station xinglong --from 2016-12-19 --to 2016-12-22')
  .action(passes);

program
  .command('pass')
  .description('one pass, photon by photon, to final key on two parties')
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--station <id>', 'station (the first of the scenario)')
  .option('--seed <n>', 'seed: same seed, same result', wholeNumber, 1)
  .option('--attack <name>', 'adversary: intercept-resend')
  .option('--fraction <f>', 'share of pulses attacked, above 0 and at most 1', decimal)
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    '\nExamples:\n  skykey pass --seed 7\n  skykey pass --seed 7 --attack intercept-resend --fraction 0.1 --json',
  )
  .action(pass);

program
  .command('demo')
  .description(
    'the whole story without a browser: pass, relay, message, tap, refusal; exit 0 only if every step did as it should',
  )
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--port <n>', 'first of the ports it uses', wholeNumber, 18460)
  .option('--seed <n>', 'seed of the simulated sky (random)', wholeNumber)
  .option('--json', 'one JSON document')
  .action(demo);

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
