/** Long studies of the hotline. */
import type { Command } from 'commander';
import { hotlineStates } from '../study/hotline-states.ts';
import { wholeNumber } from './option.ts';

export function studyingHotline(study: Command): void {
  study
    .command('hotline-states')
    .description('two desks of the hotline in every state: loss, repeats, crashes, copies, alarms, stolen memory')
    .option('--depth <n>', 'letters from each beginning', wholeNumber, 12)
    .option('--agreement-states <n>', 'states of one hunt of agreements at most', wholeNumber, 100_000)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Exit code 0 when no rule is broken, 1 when one is: the report names the shortest way there.

Example:
  skykey study hotline-states --depth 6 --results .`,
    )
    .action(hotlineStates);
}
