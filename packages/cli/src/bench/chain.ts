/** The whole chain on one core in a process of its own: `node chain.ts ROUNDS quick|whole`. Prints the figures as JSON. */
import { randomFillSync } from 'node:crypto';
import { chainBench, type Figure } from '@skykey/distill';

const run = chainBench({
  cpuS: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  random: (length) => randomFillSync(new Uint8Array(length)),
  rounds: Number(process.argv[2]),
  quick: process.argv[3] === 'quick',
  progress: () => undefined,
});
const figures: Figure[] = [];
for await (const figure of run) figures.push(figure);
process.stdout.write(JSON.stringify(figures));
