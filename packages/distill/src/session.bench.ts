/**
 * Whole sessions, both parties in one process: `node packages/distill/src/session.bench.ts`. CPU time of both together,
 * without the synthetic source, and the memory they take beyond it.
 */
import { runAlice } from './alice.ts';
import { runBob } from './bob.ts';
import { linePair, SMALL_BLOCK, seededBytes, settle, synthesise, twoSites } from './test/benchtop.ts';

for (const [detections, basisX] of [
  [1_400_000, 0.9],
  [4_000_000, 0.9],
] as const) {
  const parameters = { ...SMALL_BLOCK, pulses: 2 ** 40, epsSec: 1e-9 };
  const source = synthesise(parameters, { seed: 2, detections, qber: 0.01, basisX, chunk: 20_000 });
  const sites = twoSites();
  const line = linePair();
  const before = process.memoryUsage();
  let most = 0;
  const watch = (): void => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    most = Math.max(most, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
  };
  const stages: string[] = [];
  const start = process.cpuUsage();
  let last = 0;
  const [alice, bob] = await settle(
    line,
    runAlice({
      parameters,
      channel: line.alice,
      emissions: source.emissions,
      keys: sites.alice.pads,
      store: sites.alice.store,
      random: seededBytes(4),
      onEvent: (event) => {
        watch();
        if (event.kind !== 'stage') return;
        const { user, system } = process.cpuUsage(start);
        const now = (user + system) / 1e6;
        stages.push(`${(now - last).toFixed(2)} s ${event.stage}`);
        last = now;
      },
    }),
    runBob({
      parameters,
      channel: line.bob,
      chunks: source.chunks(),
      keys: sites.bob.pads,
      store: sites.bob.store,
      random: seededBytes(5),
      onEvent: watch,
    }),
  );
  const { user, system } = process.cpuUsage(start);
  if (alice.status === 'rejected' || bob.status === 'rejected') throw new Error('the session failed');
  const { keyDetections, secretBits, classicalBytes, reconciliation, verdict } = alice.value;
  const n = keyDetections[0] + keyDetections[1] + keyDetections[2];
  console.log(
    `${detections} detections, ${n} key bits, ${verdict}, ${secretBits} secret: ${((user + system) / 1e6).toFixed(1)} s CPU both parties, ` +
      `${(most / 1e6).toFixed(0)} MB both, ${(classicalBytes / 1e6).toFixed(1)} MB on the line, f ${reconciliation.efficiency.toFixed(3)}, ` +
      `${reconciliation.roundTrips} round trips`,
  );
  console.log(`  CPU before each stage: ${stages.join(', ')}`);
}
