/** Long studies of the hotline, with their reports. */
import type { Command } from 'commander';
import { hotlineMemory } from '../study/hotline-memory.ts';
import { wholeNumber } from './option.ts';

export function studyingHotline(study: Command): void {
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
