/** `skykey …`: every command, its help, and one way to fail. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { bench } from './bench.ts';
import { budget } from './budget.ts';
import { isDecimal } from './decimal.ts';
import { demo } from './demo.ts';
import { lab } from './lab.ts';
import { pass } from './pass.ts';
import { passes } from './passes.ts';
import { plan } from './plan.ts';
import { node, sky, up } from './processes.ts';
import { tagsConvert, tagsRead, tagsWrite } from './tags.ts';
import { validate } from './validate.ts';
import { VERSION } from './version.ts';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('give a whole number from 0 on.');
  return value;
}

function decimal(text: string): number {
  const value = Number(text);
  if (!isDecimal(text)) throw new InvalidArgumentError('give a number.');
  return value;
}

/** For an option that may be there several times. */
function several(text: string, before: string[] = []): string[] {
  return [...before, text];
}

const DEFAULT_SCENARIO = 'micius-2016-12-19';

const program = new Command('skykey')
  .description(
    'From single photons of a satellite to a conversation nobody else can hear.\nThe photons are simulated; everything after them is real.',
  )
  .version(VERSION)
  .showHelpAfterError('(skykey help shows what there is)')
  .exitOverride();

/** These write plans, plots, reports and recordings, which are for others too. */
const PLANNING = ['passes', 'budget', 'plan', 'validate', 'lab', 'bench', 'write', 'read', 'convert'];

// Vaults, keys and logs are for the user who runs Skykey and for nobody else.
program.hook('preAction', (_, command) => {
  if (!PLANNING.includes(command.name())) process.umask(0o077);
});

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
  .description('when satellites pass over stations')
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--station <id>', 'one station, or several with commas (all); with --latitude, the name of that place')
  .option('--satellite <id>', 'one satellite, several with commas, or of a file by name or catalogue number (all)')
  .option('--tle <file>', 'two-line elements, one set or thousands, in place of the satellites of a scenario')
  .option('--omm <file>', 'the same as orbit mean-elements messages: JSON, XML or KVN')
  .option('--latitude <deg>', 'a place of your own, degrees north, in place of the stations of a scenario', decimal)
  .option('--longitude <deg>', 'its longitude, degrees east', decimal)
  .option('--altitude <m>', 'its height (0)', decimal)
  .option('--from <iso>', 'begin, a day or an instant with its zone (start of the scenario)')
  .option('--to <iso>', 'end (three days later)')
  .option('--min-elevation <deg>', 'elevation that counts as visible (10)', decimal)
  .option('--max-age <days>', 'use elements up to this far from their epoch (30; from 7 on with a warning)', decimal)
  .option('--joint', 'when two stations see a satellite at once, as entangled pairs need it')
  .option('--between <ids>', 'when two satellites see each other, with a comma; no station has a part in it')
  .option('--grazing <km>', 'how high above the Earth their line of sight must stay (100)', decimal)
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    `
Examples:
  skykey passes --station xinglong --from 2016-12-19 --to 2016-12-22
  skykey passes --scenario entanglement-1203 --joint --json
  skykey passes --scenario constellation --between qs-1,qs-5
  skykey passes --tle active.txt --satellite 25544 --latitude 48.2 --longitude 16.4 --from 2026-11-22`,
  )
  .action(passes);

program
  .command('budget')
  .description('how much light arrives along a pass: every term of the loss, and the background')
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--station <id>', 'one station, or the two of entangled pairs with a comma (any)')
  .option('--satellite <id>', 'one satellite (any)')
  .option('--from <iso>', 'look for light from here on, a day or an instant with its zone (start of the scenario)')
  .option('--pass <n>', 'the n-th pass with light from there on (1)', wholeNumber)
  .option('--at <iso>', 'one moment instead of a pass')
  .option('--between <ids>', 'from one satellite to another, with a comma; no station has a part in it')
  .option('--grazing <km>', 'how high above the Earth their line of sight must stay (100)', decimal)
  .option('--range-km <km>', 'one geometry instead of a pass, with --elevation: the loss alone', decimal)
  .option('--elevation <deg>', 'elevation of that geometry', decimal)
  .option('--step <s>', 'time between two rows (1 to 600, so that there are some hundred)', decimal)
  .option('--max-age <days>', 'use elements up to this far from their epoch (30; from 7 on with a warning)', decimal)
  .option('--json', 'one JSON document with every term at every moment, its source, and what is assumed')
  .option('--csv', 'the same as a table, units in the header')
  .option('--svg <file>', 'draw it')
  .option('--png <file>', 'draw it')
  .addHelpText(
    'after',
    `
Examples:
  skykey budget --scenario micius-2016-12-19 --station xinglong --png budget.png
  skykey budget --scenario uplink-q3sat --from 2018-06-01 --pass 2 --csv > budget.csv
  skykey budget --scenario geo --range-km 37600 --elevation 42 --json
  skykey budget --scenario inter-satellite --between pair-1,pair-2 --png between.png`,
  )
  .action(budget);

program
  .command('plan')
  .description('how much key a scenario brings over days, with night, weather and chance, and what is worth having')
  .option('--scenario <id>', 'scenario', 'intercontinental')
  .option('--from <day>', 'begin, a day or an instant with its zone (start of the scenario)')
  .option('--days <n>', 'how long', wholeNumber, 30)
  .option('--stations <ids>', 'these alone, with commas (all)')
  .option('--satellites <n>', 'the first n, or ids with commas (all)')
  .option('--realisations <n>', 'of weather and counts', wholeNumber, 1000)
  .option('--seed <n>', 'seed: same seed, same plan', wholeNumber, 1)
  .option('--objective <name>', 'total: most key; fair: most for whoever gets least', 'total')
  .option('--setup <s>', 'time to turn to the next satellite or station (60, assumed)', decimal)
  .option('--blocks <name>', 'pass: a block of key a pass; period: one at the end (pass, for pairs period)')
  .option('--weather <file>', 'measured series, CSV or Parquet: FILE, or STATION=FILE; may come several times', several)
  .option('--play-weather', 'play those series, moved within the season, in place of a climate made of each')
  .option('--weather-correlation <h>', 'how long that weather holds (measured)', decimal)
  .option('--max-cloud <share>', 'cloud fraction up to which a measured sky is clear (its clear share counts)', decimal)
  .option('--clear-sky', 'without weather: an upper limit')
  .option('--add-station <text>', 'what it would bring: ID:like=ID,latitude=DEG,longitude=DEG,altitude=M', several)
  .option('--add-satellite <text>', 'what it would bring: ID:like=ID,phase=DEG,plane=DEG', several)
  .option('--worth', 'what each station and satellite is worth, however many there are (up to 30)')
  .option('--no-worth', 'leave that out')
  .option('--max-age <days>', 'use elements up to this far from their epoch (30; from 7 on with a warning)', decimal)
  .option('--json', 'one JSON document')
  .option('--csv', 'one table of all figures')
  .option('--svg <file>', 'draw it')
  .option('--png <file>', 'draw it')
  .addHelpText(
    'after',
    `
Examples:
  skykey plan --scenario intercontinental --from 2016-12-01 --days 30 --json
  skykey plan --add-station vienna:like=graz,latitude=48.2,longitude=16.4,altitude=200
  skykey plan --stations xinglong,nanshan --weather xinglong=clouds.csv --png plan.png`,
  )
  .action(plan);

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
  .command('lab')
  .description('attacks against a link, pass after pass: how often the alarm sees them, cries wolf, or sleeps')
  .option('--list', 'name the attacks and faults, with class and meaning of strength')
  .option('--attack <name>', 'one of them; none for clean passes')
  .option('--strength <s>', 'how strong, or several with commas (the usual one)')
  .option('--passes <n>', 'how many (100; of a study its own number)', wholeNumber)
  .option('--seed <n>', 'seed: same seed, same result', wholeNumber, 1)
  .option('--scenario <id>', 'scenario whose first pass with light is played', DEFAULT_SCENARIO)
  .option('--detections <n>', 'scale the link to so many detections a pass (as the scenario has it)', decimal)
  .option('--seconds <s>', 'only the first seconds of the pass (all)', decimal)
  .option('--level <name>', 'count: bins are drawn; event: every click is (count)')
  .option('--assumptions <state>', 'off: without what the secrecy of the attack rests on (on)')
  .option('--without <monitor>', 'a monitor that is not fitted; may come several times', several)
  .option('--out <folder>', 'keep every pass there, and go on where it was cut off')
  .option('--workers <n>', 'threads; the result does not depend on it (one a core)', wholeNumber)
  .option('--roc <file>', 'draw detection against false alarms, with as many clean passes, as SVG')
  .option(
    '--study <name>',
    'a long study with its report: false-alarms, misses, verdicts, leakage, source-gate, curves',
  )
  .option('--results <folder>', 'where the report of a study is written (docs/results)')
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    `
Examples:
  skykey lab --list
  skykey lab --attack intercept-resend --strength 0.05 --passes 100 --seed 7 --json
  skykey lab --attack pns --detections 5e5 --strength 0.02,0.05,0.1,0.2 --roc pns.svg
  skykey lab --attack blinding --assumptions off
  skykey lab --study false-alarms --passes 3000`,
  )
  .action(lab);

program
  .command('bench')
  .argument('[what]', 'what is measured', 'photons')
  .description('the speeds that Skykey states, measured on this machine')
  .option('--rounds <n>', 'rounds of which each figure is the median (5)', wholeNumber)
  .option('--json', 'one JSON document')
  .addHelpText('after', '\nExample:\n  skykey bench photons --json')
  .action(bench);

const tags = program.command('tags').description('time tags of detections: write, read and convert them');

tags
  .command('write')
  .description('play a pass and write what its time tagger would record')
  .requiredOption('--out <file>', 'where to; entangled pairs are a file a station')
  .option('--scenario <id>', 'scenario', DEFAULT_SCENARIO)
  .option('--station <id>', 'station (the first of the scenario)')
  .option('--from <iso>', 'the first pass with light from here on (start of the scenario)')
  .option('--seed <n>', 'seed: same seed, same tags', wholeNumber, 1)
  .option('--seconds <s>', 'only the first seconds (all)', decimal)
  .option('--format <name>', 'time-tag-64 or parquet (by the ending of the file)')
  .option('--layout <name>', 'of time-tag-64: high-word-first, low-word-first or hexadecimal (high-word-first)')
  .option('--time-bits <n>', 'of time-tag-64: 54 or 49 (54)', wholeNumber)
  .option('--detectors <list>', 'bit of each detector in a word, with commas (3,1,2,0)')
  .option('--fading', 'light that fades in steps of a millisecond, as turbulence and pointing make it')
  .option('--frames <how>', 'polarisation frames that turn along the pass: free or compensated (aligned)')
  .option('--settings', 'Parquet: with what the sender had set, and the slots as reckoned')
  .option('--truth <file>', 'what is true of each tag, in a Parquet file of its own')
  .option('--json', 'one JSON document')
  .addHelpText('after', '\nExample:\n  skykey tags write --seed 7 --seconds 10 --out bob.tags')
  .action(tagsWrite);

/** How a file of tags is to be read. */
function readable(command: Command): Command {
  return command
    .option('--format <name>', 'time-tag-64 or parquet (by what the file begins with)')
    .option('--layout <name>', 'of time-tag-64: high-word-first, low-word-first or hexadecimal (high-word-first)')
    .option('--time-bits <n>', 'of time-tag-64: 54 or 49 (54)', wholeNumber)
    .option('--detectors <list>', 'bit of each detector in a word, with commas (3,1,2,0)')
    .option(
      '--origin <s>',
      'of time-tag-64: whole second of its clock to count from (0; after its first hour, that of the first tag)',
      wholeNumber,
    )
    .option('--to-format <name>', 'format to write (by the ending of the file)')
    .option('--to-layout <name>', 'layout to write (high-word-first)')
    .option('--to-time-bits <n>', 'bits of time to write (54)', wholeNumber)
    .option('--to-detectors <list>', 'bits of the detectors to write (3,1,2,0)')
    .option('--json', 'one JSON document');
}

readable(tags.command('read'))
  .argument('<file>', 'recording of a laboratory, or of "skykey tags write"')
  .description('what is in a recording; where it is damaged, the byte and the reason, and everything before it')
  .option('--to <other>', 'keep what could be read in another file')
  .addHelpText('after', '\nExample:\n  skykey tags read bob.tags --json')
  .action(tagsRead);

readable(tags.command('convert'))
  .argument('<from>', 'recording')
  .argument('<to>', 'file to write')
  .description('the same tags in the other format')
  .addHelpText('after', '\nExample:\n  skykey tags convert bob.tags bob.parquet')
  .action(tagsConvert);

program
  .command('validate')
  .description('every published value beside what Skykey computes; a disagreement is shown, and exits 0')
  .option('--area <name>', 'one area: orbit, optics, photons, finite-key, key-and-relay')
  .option('--write [file]', 'write the whole comparison as a document (docs/validation.md)')
  .option('--json', 'one JSON document')
  .addHelpText(
    'after',
    '\nExamples:\n  skykey validate --area optics\n  skykey validate --json\n  skykey validate --write',
  )
  .action(validate);

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
