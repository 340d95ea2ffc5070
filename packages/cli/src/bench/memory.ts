/**
 * One task in a process of its own, so that its memory can be seen: `node memory.ts chain|amplify BITS`. Prints JSON: what was
 * resident before the first word, and the most that ever was.
 */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromBytes } from '@skykey/bits';
import { amplify, distilBoth, lightOf, toeplitzSeedBits } from '@skykey/distill';

/** Of a process's life. */
export interface Memory {
  readonly beforeBytes: number;
  readonly peakBytes: number;
}

const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length));

async function chain(siftedBits: number): Promise<number> {
  const light = lightOf({ siftedBits, seed: 1 });
  const beforeBytes = process.memoryUsage.rss();
  await distilBoth(light, { siftedBits, seed: 1, random, cpuS: () => 0 });
  return beforeBytes;
}

async function amplification(bits: number): Promise<number> {
  const beforeBytes = process.memoryUsage.rss();
  const seedBits = toeplitzSeedBits(bits, bits / 4);
  amplify(fromBytes(random(bits / 8), bits), fromBytes(random(Math.ceil(seedBits / 8)), seedBits), bits / 4);
  return beforeBytes;
}

/** Linux counts in maxRSS what the process had before it became this program: its parent's memory. */
function peakBytes(): number {
  const kilobytes =
    process.platform === 'linux'
      ? /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
      : undefined;
  return 1024 * Number(kilobytes ?? process.resourceUsage().maxRSS);
}

const [task, bits] = [process.argv[2], Number(process.argv[3])];
const beforeBytes = await (task === 'chain' ? chain(bits) : amplification(bits));
const memory: Memory = { beforeBytes, peakBytes: peakBytes() };
process.stdout.write(JSON.stringify(memory));
