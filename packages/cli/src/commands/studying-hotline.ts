/** Long studies of the hotline, with their reports. */
import type { Command } from 'commander';
import { hotlineFaults } from '../study/hotline-faults.ts';
import { wholeNumber } from './option.ts';

export function studyingHotline(study: Command): void {
  study
    .command('hotline-faults')
    .description(
      'two desks, killed, or their disk failing or full, at every system call that changes their files: whether a key is used twice or a word lost',
    )
    .option('--points <n>', 'at most so many, spread over all (all: hours)', wholeNumber)
    .option('--workers <n>', 'pairs of desks at a time (one a core)', wholeNumber)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Linux with strace, as root. Exit code 0 when nothing was found, 1 when something was. Cut off and started again, it goes
on where it was.

Example:
  skykey study hotline-faults --points 100 --results .`,
    )
    .action(hotlineFaults);
}
