import { binaryEntropy as h } from '@skykey/finitekey';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import { decodeOneWay, encodeOneWay, reconcileOneWayBoth } from './one-way.ts';

const N = +process.argv[2]!,
  frames = +process.argv[3]!;
const fam = process.argv[4] as any;
for (const q of process.argv.slice(5).map(Number)) {
  const r = seededBytes(3),
    next = seededWords(q * 1e6);
  let err = 0;
  for (let k = 0; k < 1; k++) {
    const n = N * frames;
    const key = { length: n, bytes: r(Math.ceil(n / 8)) };
    if (n & 7) key.bytes[n >> 3]! &= (1 << (n & 7)) - 1;
    const bob = { length: n, bytes: key.bytes.slice() };
    for (let i = 0; i < n; i++)
      if (next() < q * 2 ** 32) {
        bob.bytes[i >> 3]! ^= 1 << (i & 7);
        err++;
      }
    encodeOneWay(key, q, { random: seededBytes(1), family: fam });
    const c0 = process.cpuUsage();
    const m = encodeOneWay(key, q, { random: seededBytes(1), family: fam });
    const c1 = process.cpuUsage(c0);
    const d = decodeOneWay(bob, m.message, q);
    const c2 = process.cpuUsage(c0);
    let bad = 0;
    for (let i = 0; i < n; i++) bad += ((key.bytes[i >> 3]! ^ d.key.bytes[i >> 3]!) >> (i & 7)) & 1;
    console.log(
      q,
      'f',
      (m.leakedBits / (n * h(err / n))).toFixed(4),
      'frames',
      d.frames,
      'failed',
      d.failedFrames.length,
      'saved',
      d.savedFrames,
      'it',
      (d.iterations / d.frames).toFixed(1),
      'wrong',
      bad,
      'enc Mbit/s',
      (n / (c1.user + c1.system)).toFixed(0),
      'dec',
      (n / (c2.user + c2.system - (c1.user + c1.system))).toFixed(1),
    );
  }
}
