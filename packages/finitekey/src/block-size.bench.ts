/** Key of one pass under each proof, and of smaller blocks of the same kind: `node packages/finitekey/src/block-size.bench.ts`. */
import { readFileSync } from 'node:fs';
import { type DecoyDocument, keyLength, type ProofName } from './index.ts';
import { inProportion, leastShare } from './test/block.ts';

const NAMES: readonly ProofName[] = [
  'tilted',
  'tilted-one-way',
  'clopper-pearson',
  'lim2014-chernoff',
  'lim2014-hoeffding',
];
const file = process.argv[2] ?? new URL('../data/micius-2016-12-19-seed-7.json', import.meta.url);
const document = JSON.parse(readFileSync(file, 'utf8')) as DecoyDocument;
const sifted = document.nX.reduce((sum, n) => sum + n, 0);

console.log(`secret bits of 1/k of the block; then, in sifted bits of the key basis, the least block with key`);
const halves = [1, 2, 4, 8, 16, 32, 64, 128, 256];
console.log(['k', ...NAMES].join(' | '));
for (const k of halves) {
  const part = inProportion(document, 1 / k);
  console.log([k, ...NAMES.map((name) => keyLength(name, part).secretBits.toLocaleString('en'))].join(' | '));
}
const least = NAMES.map((name) => Math.round(sifted * leastShare(name, document)).toLocaleString('en'));
console.log(['from', ...least].join(' | '));
