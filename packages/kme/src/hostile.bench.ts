/**
 * Hostile requests by the million: how many a second of processor time, and the memory that the process has taken.
 * Run: node packages/kme/src/hostile.bench.ts [CASES] [SEED]
 */
import fc from 'fast-check';
import { hostileEtsi015, hostileEtsi020, hostileOpenApi, hostileSkip } from './test/hostile.ts';

const cases = Number(process.argv[2] ?? 250_000);
const seed = Number(process.argv[3] ?? 1);
const PORTION = 5_000;
for (const [name, make] of Object.entries({
  'ETSI GS QKD 020': hostileEtsi020,
  SKIP: hostileSkip,
  'ETSI GS QKD 015': hostileEtsi015,
  OpenAPI: hostileOpenApi,
})) {
  const { request, ask } = make();
  const before = process.cpuUsage();
  let slowestMs = 0;
  const one = fc.asyncProperty(request, async (hostile) => {
    const started = process.cpuUsage();
    await ask(hostile);
    const { user, system } = process.cpuUsage(started);
    slowestMs = Math.max(slowestMs, (user + system) / 1e3);
  });
  // In portions: what the generator keeps of a run would be taken for the memory of the interface.
  for (let done = 0; done < cases; done += PORTION) {
    await fc.assert(one, { numRuns: Math.min(PORTION, cases - done), seed: seed + done });
  }
  const { user, system } = process.cpuUsage(before);
  const rate = (cases / ((user + system) / 1e6)).toFixed(0);
  const memory = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.log(
    `${name}: ${cases} cases from seed ${seed}, ${rate}/s, the slowest ${slowestMs.toFixed(1)} ms; ${memory} MB`,
  );
}
