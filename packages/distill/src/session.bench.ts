/**
 * Whole sessions, both parties in one process: `node packages/distill/src/session.bench.ts [sifted bits, comma]`. Processor
 * time of both together without drawing the light, the stages it went to, and the memory that they took beyond what was
 * there before the first word. The second session of a size is warm.
 */
import { randomFillSync } from 'node:crypto';
import { distilBoth, lightOf } from './bench/chain.ts';

const cpuS = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

for (const siftedBits of (process.argv[2] ?? '1e6,1e7').split(',').map(Number)) {
  for (const seed of [1, 2]) {
    const light = lightOf({ siftedBits, seed });
    const before = process.memoryUsage.rss();
    let most = before;
    const onStage = (): void => {
      most = Math.max(most, process.memoryUsage.rss());
    };
    const run = await distilBoth(light, {
      siftedBits,
      seed,
      cpuS,
      onStage,
      random: (n) => randomFillSync(new Uint8Array(n)),
    });
    console.log(
      `${run.siftedBits} sifted bits, ${run.secretBits} secret: ${run.cpuS.toFixed(2)} s, ${(run.siftedBits / 1e6 / run.cpuS).toFixed(1)} Mbit/s, ` +
        `${((most - before) / 1e6).toFixed(0)} MB, ${(run.classicalBytes / 1e6).toFixed(1)} MB on the line, ${run.roundTrips} round trips`,
    );
    const stages = Object.entries(run.stages).map(([stage, s]) => `${stage} ${(1000 * s).toFixed(0)}`);
    console.log(`  ms: ${stages.join(', ')}`);
  }
}
