import { PROOFS, proofNamed } from './index.ts';
import { optimise } from './optimise.ts';
import { BEST_KNOWN_BITS, caseB } from './test/case-b.ts';
import { uniform } from './test/link.ts';
import { randomLink, randomSearch } from './test/random-search.ts';

/**
 * The yardstick in processor time, and the sweep for false zeros: `node packages/finitekey/src/optimise.bench.ts [links
 * [proof]]`.
 * Every link with no key is followed by one that is just large enough for some.
 */
const price = { epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 } as const;

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

for (const { name, protocol, intensities, rigorous } of PROOFS) {
  if (protocol !== 'decoy-bb84') continue;
  for (const count of intensities) {
    const run = () => optimise({ link: caseB, ...price, proof: name, decoys: count === 3 ? 2 : 1 });
    const { statement, evaluations } = run();
    const times = Array.from({ length: rigorous ? 3 : 11 }, () => cpuMs(run)).sort((a, b) => a - b);
    console.log(
      `${name}, ${count} intensities: ${statement.rawSecretBits.toFixed(1)} bits, ${evaluations} evaluations, ` +
        `${times[times.length >> 1]!.toFixed(0)} ms of processor (median)`,
    );
  }
}
console.log(`best known for lim2014-chernoff: ${BEST_KNOWN_BITS} bits`);

const links = Number(process.argv[2] ?? 1000);
const { name: proof, intensities, rigorous } = proofNamed(process.argv[3] ?? 'lim2014-chernoff');
const decoys = intensities.includes(3) ? 2 : 1;
const points = rigorous ? 300 : 2000;
const random = uniform(1000);
const tally = { keys: 0, zeros: 0, never: 0, falseZeros: 0, behind: 0, worstRatio: 1 };
let spentMs = 0;
let more: number | null = null;
let link = randomLink(random);
for (let i = 0; i < links; i++) {
  link = more === null ? randomLink(random) : { ...link, pulses: link.pulses * more };
  let found!: ReturnType<typeof optimise>;
  spentMs += cpuMs(() => {
    found = optimise({ link, ...price, proof });
  });
  const { statement, keyFromBlocks } = found;
  const judged = Math.floor(randomSearch(link, { proof, decoys, points }, random));
  if (statement.secretBits > 0) tally.keys++;
  else {
    tally.zeros++;
    if (keyFromBlocks === null) tally.never++;
    if (judged > 0 || more !== null) {
      tally.falseZeros++;
      console.log('FALSE ZERO', JSON.stringify(link), judged);
    }
  }
  if (judged > statement.secretBits && statement.secretBits > 0) {
    tally.behind++;
    tally.worstRatio = Math.min(tally.worstRatio, statement.secretBits / judged);
  }
  more = more === null && statement.secretBits === 0 && keyFromBlocks !== null ? 1.03 * keyFromBlocks : null;
}
console.log(`${proof}, ${links} links, ${(spentMs / links).toFixed(0)} ms of processor each:`, tally);
