/** Studies of networks: relay, forecasts, dishonest nodes. */
import type { Command } from 'commander';
import { network } from '../network.ts';
import { wholeNumber } from './option.ts';

export function networking(program: Command): void {
  program
    .command('network')
    .description(
      'a day of a network with relay over satellites: forecasts against what came, and what dishonest nodes learn',
    )
    .option('--scenario <id>', 'network that is shipped, or the path of a .json file', 'ten-sites')
    .option('--days <n>', 'play the day so often, each time with other weather', wholeNumber, 1)
    .option('--realisations <n>', 'of weather and counts, that forecasts are made of', wholeNumber, 1000)
    .option('--seed <n>', 'seed: same seed, same result', wholeNumber, 1)
    .option('--results <folder>', 'write network.md, network.json and network.svg there')
    .option('--svg <file>', 'draw the first day')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Photons are simulated; nodes, vaults and messages are real.

Examples:
  skykey network
  skykey network --days 50 --results docs/results
  skykey network --seed 3 --svg day.svg --json`,
    )
    .action(network);
}
