/** Long studies of the hotline, with their reports. */
import { type Command, Option } from 'commander';
import { hotlineFaults } from '../study/hotline-faults.ts';
import { hotlineMemory } from '../study/hotline-memory.ts';
import { hotlinePlanted } from '../study/hotline-planted.ts';
import { hotlineStates } from '../study/hotline-states.ts';
import { hotlineStorm } from '../study/hotline-storm.ts';
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

  study
    .command('hotline-memory')
    .description('what is left in memory of words and keys when policy says that they are gone')
    .option('--texts <n>', 'how many, half of them by one-time pad', wholeNumber, 1000)
    .option('--results <folder>', 'where the report is written (docs/results)')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nLinux, as root. Exit code 0 when nothing was found, 1 when something was.\n\nExample:\n  skykey study hotline-memory --texts 100 --results .',
    )
    .action(hotlineMemory);
}
