/** Processor time of a key length under each proof: `node packages/finitekey/src/proofs.bench.ts`. */
import process from 'node:process';
import { type KeyDocument, keyLength, PROOFS } from './index.ts';

const price = { epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 };
const documents: Record<string, KeyDocument> = {
  3: {
    protocol: 'decoy-bb84',
    intensities: [0.8, 0.1, 0],
    probabilities: [0.5, 0.25, 0.25],
    nX: [9401211, 592918, 5871],
    mX: [99766, 8806, 2935],
    nZ: [940121, 59292, 587],
    mZ: [9977, 881, 294],
    ...price,
  },
  2: {
    protocol: 'decoy-bb84',
    intensities: [0.51, 0.15],
    probabilities: [0.7, 0.3],
    nX: [8875913, 1124087],
    mX: [185856, 26055],
    nZ: [165048, 20902],
    mZ: [3456, 484],
    ...price,
  },
  0: { protocol: 'bbm92', keyBits: 5e6, keyErrors: 1e5, testBits: 5e6, testErrors: 1e5, ...price },
};

for (const { name, intensities } of PROOFS) {
  for (const count of intensities.length === 0 ? [0] : intensities) {
    const document = documents[count]!;
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      const begun = process.cpuUsage().user;
      let calls = 0;
      while (process.cpuUsage().user - begun < 100_000) {
        keyLength(name, document);
        calls++;
      }
      times.push((process.cpuUsage().user - begun) / 1000 / calls);
    }
    const median = times.toSorted((a, b) => a - b)[3]!;
    console.log(`${name.padEnd(18)} ${count} intensities  ${median.toFixed(3)} ms`);
  }
}
