/** Long studies of the hotline, with their reports. */
import { type Command, Option } from 'commander';
import { hotlinePlanted } from '../study/hotline-planted.ts';
import { hotlineStorm } from '../study/hotline-storm.ts';
import { wholeNumber } from './option.ts';

export function studyingHotline(study: Command): void {
  study
    .command('hotline-storm')
    .description(
      'dry pools, crashes at every write and a hostile line: whether anything is used twice, lost or invented',
    )
    .option('--crashes <n>', 'at any moment, besides those at every write', wholeNumber, 10_000)
    .option('--moments <n>', 'at which a pool of key runs dry', wholeNumber, 1000)
    .option('--mutated <n>', 'altered messages and media frames', wholeNumber, 1_000_000)
    .option('--rounds <n>', 'conversations whose every message is treated in every way', wholeNumber, 2)
    .option('--points <n>', 'of those through every write or message at most so many, spread (all)', wholeNumber)
    .option('--seed <n>', 'seed: same seed, same worlds', wholeNumber, 1)
    .option('--workers <n>', 'processes at a time (1)', wholeNumber)
    .addOption(new Option('--part <k/n>', 'one of the processes of --workers').hideHelp())
    .option('--out <folder>', 'keep every world there, and go on where it was cut off (data/hotline-storm)')
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Half an hour of a processor in full. Exit code 0 when nothing was found, 1 when something was. Cut off and started again,
it goes on where it was.

Examples:
  skykey study hotline-storm --crashes 40 --moments 4 --mutated 5000 --points 20 --results .
  skykey study hotline-storm --workers 2`,
    )
    .action(hotlineStorm);

  study
    .command('hotline-planted')
    .description('faults planted into copies of the source, one at a time: whether the tests find each')
    .option('--only <text>', 'those whose name contains it', '')
    .option('--workers <n>', 'copies at a time (1)', wholeNumber)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
In a checkout of the repository, with git. Exit code 0 when every fault was found, 1 when one was not.

Example:
  skykey study hotline-planted --only media --results .`,
    )
    .action(hotlinePlanted);
}
