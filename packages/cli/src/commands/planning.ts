/** Commands about when, where and how much, and about published values. */
import type { Command } from 'commander';
import { budget } from '../budget.ts';
import { passes } from '../passes.ts';
import { plan } from '../plan.ts';
import { validate } from '../validate.ts';
import { DEFAULT_SCENARIO, decimal, several, wholeNumber } from './option.ts';

export function planning(program: Command): void {
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
    .option(
      '--weather <file>',
      'measured series, CSV or Parquet: FILE, or STATION=FILE; may come several times',
      several,
    )
    .option('--play-weather', 'play those series, moved within the season, in place of a climate made of each')
    .option('--weather-correlation <h>', 'how long that weather holds (measured)', decimal)
    .option(
      '--max-cloud <share>',
      'cloud fraction up to which a measured sky is clear (its clear share counts)',
      decimal,
    )
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
}
