/** Long studies of the hotline, with their reports. */
import type { Command } from 'commander';
import { hotlineTap } from '../study/hotline-tap.ts';
import { wholeNumber } from './option.ts';

export function studyingHotline(study: Command): void {
  study
    .command('hotline-tap')
    .description('calls on real sites, and an eavesdropper in their middle: how long until silence')
    .option('--trials <n>', "taps at the mission's own pace", wholeNumber, 200)
    .option('--real-time <n>', 'taps in real time, on top', wholeNumber, 50)
    .option('--scenario <name>', 'shipped scenario, or file', 'micius-2016-12-19')
    .option('--port <n>', 'first of twenty free ports', wholeNumber, 26_400)
    .option('--seed <n>', 'seed of the photons and the moments', wholeNumber, 1)
    .option('--out <folder>', 'keep every trial there, and go on where it was cut off (data/hotline-tap)')
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Exit code 0 when p99 is at most 1 s and nothing else was found, 1 otherwise. Some 20 s a trial. Cut off and started again,
it goes on where it was.

Example:
  skykey study hotline-tap --trials 5 --real-time 0 --results .`,
    )
    .action(hotlineTap);
}
