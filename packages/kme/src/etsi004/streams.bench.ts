/**
 * What a chunk costs the core (codec and state; the key service is a double in memory), and 1,000,000 hostile frames:
 * `node packages/kme/src/etsi004/streams.bench.ts`. Processor time; the reference is a SHA-256 of 64 bytes.
 */
import { createHash } from 'node:crypto';
import { KmeError } from '../error.ts';
import { decodeHeader, decodeRequest, encodeRequest, encodeResponse, HEADER_BYTES } from './codec.ts';
import type { StreamRequest } from './message.ts';
import { ALICE, BOB, openRequest, Pair } from './test/pair.ts';

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Median of seven runs of at least 150 ms, µs a call. */
async function medianUs(call: () => Promise<void> | void): Promise<number> {
  const runs: number[] = [];
  for (let run = 0; run < 7; run++) {
    const start = cpuUs();
    let calls = 0;
    while (cpuUs() - start < 150_000) {
      await call();
      calls++;
    }
    runs.push((cpuUs() - start) / calls);
  }
  return runs.sort((a, b) => a - b)[3]!;
}

const pair = await Pair.open();
pair.bits = 1e13;
const { ksid } = await pair.openStream(ALICE, BOB, null, { metadataType: 'application/json' });
await pair.openStream(BOB, ALICE, ksid);
const decode = (frame: Uint8Array): StreamRequest =>
  decodeRequest(decodeHeader(frame.subarray(0, HEADER_BYTES)), frame.subarray(HEADER_BYTES));

let index = 0;
const chunkUs = await medianUs(async () => {
  for (const sae of [ALICE, BOB]) {
    const get = { call: 'get', dialect: 'P', ksid: ksid!, index, metadataRoom: 1024 } as const;
    const answer = await pair.ask(sae, decode(encodeRequest(get, 'P')));
    if (answer.status !== 0) throw new Error(`status ${answer.status} at chunk ${index}`);
    encodeResponse(answer, 'P');
  }
  index++;
});
const block = new Uint8Array(64);
const hashUs = await medianUs(() => {
  for (let i = 0; i < 1_000; i++) createHash('sha256').update(block).digest();
});
console.log(`a chunk at both ends: ${chunkUs.toFixed(1)} us, ${((1000 * chunkUs) / hashUs).toFixed(1)} SHA-256`);

let state = 0x9e3779b9;
const random = (below: number): number => {
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
  return (state >>> 0) % below;
};
const frames = (['P', 'C'] as const).flatMap((dialect) => [
  encodeRequest(openRequest(ALICE, BOB, ksid), dialect),
  encodeRequest({ call: 'get', dialect, ksid: ksid!, index: 7, metadataRoom: 64 }, dialect),
  encodeRequest({ call: 'close', ksid: ksid! }, dialect),
]);
const FRAMES = 1_000_000;
const start = cpuUs();
let read = 0;
for (let i = 0; i < FRAMES; i++) {
  const frame = frames[random(frames.length)]!.slice();
  for (let change = random(4); change > 0; change--) frame[random(frame.length)] = random(256);
  try {
    decode(random(3) === 0 ? frame.subarray(0, random(frame.length)) : frame);
    read++;
  } catch (error) {
    if (!(error instanceof KmeError && error.code === 'kme/malformed')) throw error;
  }
}
const hostileUs = (cpuUs() - start) / FRAMES;
console.log(`${FRAMES} broken frames: ${read} could be read, the others refused; ${hostileUs.toFixed(2)} us each`);
