/** Processor time of a key length under each proof: `node packages/finitekey/src/proofs.bench.ts`. */
import process from 'node:process';
import { type KeyDocument, keyLength, PROOFS } from './index.ts';
import { oneDecoy, twoDecoys } from './test/documents.ts';

const price = { epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 };
const { leakBits: _two, ...two } = twoDecoys;
const { leakBits: _one, ...one } = oneDecoy;
const documents: Record<string, KeyDocument> = {
  3: { ...two, ...price },
  2: { ...one, ...price },
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
