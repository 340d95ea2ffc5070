/** Long studies of what runs, with their reports. */
import { type Command, Option } from 'commander';
import { kmeFaults } from '../study/kme-faults.ts';
import { kmeHistory } from '../study/kme-history.ts';
import { kmeHostile } from '../study/kme-hostile.ts';
import { wholeNumber } from './option.ts';
import { studyingHotline } from './studying-hotline.ts';

export function studying(program: Command): void {
  const study = program
    .command('study')
    .description('long studies of key managers while everything fails, with reports');

  study
    .command('kme-history')
    .description('crashes, partitions and wrong clocks: whether every key was given once and none was lost')
    .option('--operations <n>', 'calls of applications (1000000: hours)', wholeNumber, 1_000_000)
    .option('--store <name>', 'sqlite, or postgres: a server of its own is started', 'sqlite')
    .option('--seed <n>', 'seed: same seed, same worlds', wholeNumber, 1)
    .option('--workers <n>', 'processes at a time (1)', wholeNumber)
    .addOption(new Option('--part <k/n>', 'one of the processes of --workers').hideHelp())
    .option('--out <folder>', 'keep every world there, and go on where it was cut off (data/kme-history)')
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Exit code 0 when nothing was found, 1 when something was. Cut off and started again, it goes on where it was.

Examples:
  skykey study kme-history --operations 20000 --results .
  skykey study kme-history --operations 1000000 --store postgres --workers 2`,
    )
    .action(kmeHistory);

  study
    .command('kme-faults')
    .description(
      'killed, or its disk failing or full, at every system call that changes its files: whether it recovers',
    )
    .option('--points <n>', 'at most so many, spread over all (all: hours)', wholeNumber)
    .option('--workers <n>', 'processes at a time (one a core)', wholeNumber)
    .option('--seed <n>', 'seed of the couriered keys', wholeNumber, 1)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Linux with strace, as root. Exit code 0 when nothing was found, 1 when something was. Cut off and started again, it goes
on where it was.

Example:
  skykey study kme-faults --points 200 --results .`,
    )
    .action(kmeFaults);

  study
    .command('kme-hostile')
    .description('noise, half requests, bombs and slow connections on every interface, beside an honest application')
    .option('--inputs <n>', 'how many', wholeNumber, 1_000_000)
    .option('--seed <n>', 'seed: same seed, same inputs', wholeNumber, 1)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExit code 0 when nothing was found, 1 when something was.\n\nExample:\n  skykey study kme-hostile --inputs 20000 --results .',
    )
    .action(kmeHostile);

  studyingHotline(study);
}
