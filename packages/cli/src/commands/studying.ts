/** Long studies of what runs, with their reports. */
import type { Command } from 'commander';
import { kmeHistory } from '../study/kme-history.ts';
import { wholeNumber } from './option.ts';

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
    .option('--results <folder>', 'where the report and the journal are written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Exit code 0 when nothing was found, 1 when something was. Cut off and started again, it goes on where it was.

Examples:
  skykey study kme-history --operations 20000 --results .
  skykey study kme-history --operations 1000000 --store postgres`,
    )
    .action(kmeHistory);
}
