/**
 * Time tags written and read, million tags a second, by format.
 * Run: node packages/photons/src/tags/tags.bench.ts
 */
import assert from 'node:assert/strict';
import { seededRandom } from '../random.ts';
import type { Tags } from '../sampler/sampler.ts';
import type { TagLayout } from './format.ts';
import { TagReader } from './reader.ts';
import { openTagTable } from './table-reader.ts';
import { TagTableWriter } from './table-writer.ts';
import { TagWriter } from './writer.ts';

const count = 1_000_000;
const rounds = 5;
const random = seededRandom(1);
const tags: Tags = { timePs: new Float64Array(count), detector: new Uint8Array(count) };
for (let row = 0, here = 0; row < count; row++) {
  tags.timePs[row] = here = Math.round(here + 4e6 * -Math.log(1 - random.uniform()));
  tags.detector[row] = random.uint32() & 3;
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
async function secondsOf(work: () => unknown): Promise<number> {
  const list: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    await work();
    list.push((performance.now() - from) / 1000);
  }
  return median(list);
}
const say = (what: string, seconds: number, bytes: number): void =>
  console.log(
    `${what}: ${(count / seconds / 1e6).toFixed(1)} million tags/s, ${(bytes / count).toFixed(2)} bytes a tag`,
  );

for (const layout of ['high-word-first', 'low-word-first', 'hexadecimal'] satisfies TagLayout[]) {
  const bytes = new TagWriter({ layout }).write(tags);
  say(`${layout}, written`, await secondsOf(() => new TagWriter({ layout }).write(tags)), bytes.length);
  const read = (): void => {
    const reader = new TagReader({ layout });
    let rows = 0;
    for (let at = 0; at < bytes.length; at += 65536) rows += reader.push(bytes.subarray(at, at + 65536)).timePs.length;
    assert.equal(rows + reader.end().timePs.length, count);
  };
  say(`${layout}, read`, await secondsOf(read), bytes.length);
}

const table = (): Uint8Array[] => {
  const writer = new TagTableWriter({ columns: ['time_ps', 'detector'] });
  return [writer.write({ time_ps: tags.timePs, detector: tags.detector }), writer.end()];
};
const bytes = new Uint8Array(await new Blob(table() as BlobPart[]).arrayBuffer());
say('Parquet, written', await secondsOf(table), bytes.length);
const file = { byteLength: bytes.length, slice: (from: number, to?: number) => bytes.buffer.slice(from, to) };
const readTable = async (): Promise<void> => {
  let rows = 0;
  for await (const group of (await openTagTable(file)).groups()) rows += group.rows;
  assert.equal(rows, count);
};
say('Parquet, read', await secondsOf(readTable), bytes.length);
