import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  decodeEmissionHeader,
  EMISSION_BLOCK_BYTES,
  EMISSION_BLOCK_PULSES,
  EmissionFile,
  type EmissionHeader,
  EmissionWriter,
  emissionFileBytes,
  encodeEmissionHeader,
} from './emission-file.ts';

const HEADER: EmissionHeader = {
  linkId: 'lab-roof',
  sessionId: 'first',
  pulseRateHz: 1e6,
  pulses: 1019,
  simulated: true,
};
const patterned = (pulses: number): Uint8Array => Uint8Array.from({ length: pulses }, (_, slot) => slot % 12);

function fileOf(emissions: Uint8Array, header: EmissionHeader = { ...HEADER, pulses: emissions.length }): Uint8Array {
  const writer = new EmissionWriter(header);
  return new Uint8Array(Buffer.concat([writer.write(emissions), writer.end()]));
}

function openBytes(bytes: Uint8Array, readings: number[] = []): Promise<EmissionFile> {
  return EmissionFile.open({
    byteLength: bytes.length,
    read(at, length) {
      readings.push(at);
      return bytes.subarray(at, at + length);
    },
  });
}

const refused = (act: Promise<unknown>, pattern: RegExp): Promise<void> =>
  assert.rejects(act, (error: Error & { code: string }) => {
    assert.match(error.code, /^distill\/emission/);
    assert.match(error.message, pattern);
    return true;
  });

test('the vector of EMISSIONS.md', async () => {
  const document = readFileSync(new URL('../EMISSIONS.md', import.meta.url), 'utf8');
  const bytes = fileOf(patterned(1019));
  assert.equal(bytes.length, 1030);
  const hex = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('hex');
  const rows = [...document.matchAll(/^\| (\d+)–(\d+) \| (.*) \|$/gm)];
  assert.equal(rows.length, 7);
  for (const [, from, to, text] of rows) {
    const said = [...text!.matchAll(/`([0-9a-f ]+)`/g)].map(([, one]) => one!.replaceAll(' ', '')).join('');
    const there = hex(Number(from), Number(to) + 1);
    assert.equal(there, said || '0'.repeat(there.length), `bytes ${from} to ${to}`);
  }
  assert.equal(hex(512, 1020), '1032547698ba'.repeat(85).slice(0, 1016));
  // The checksums by somebody else's hand.
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(508, true), crc32(bytes.subarray(0, 508)));
  const number = new Uint8Array(8);
  for (const [k, from, to] of [
    [0, 512, 1020],
    [1, 1024, 1026],
  ] as const) {
    number[0] = k;
    assert.equal(
      view.getUint32(to, true),
      crc32(Buffer.concat([bytes.subarray(508, 512), number, bytes.subarray(from, to)])),
    );
  }
  assert.deepEqual((await openBytes(bytes)).header, HEADER);
});

test('what was written is read, in any pieces and any slots', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ min: 0, max: 11, minLength: 1, maxLength: 5000 }),
      fc.array(fc.nat(5000), { maxLength: 4 }),
      fc.array(fc.nat(4999), { maxLength: 200 }),
      async (emissions, cuts, asked) => {
        const writer = new EmissionWriter({ ...HEADER, pulses: emissions.length });
        const parts: Uint8Array[] = [];
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), 5000]) {
          parts.push(writer.write(emissions.subarray(from, to)));
          from = Math.min(to, emissions.length);
        }
        const bytes = new Uint8Array(Buffer.concat([...parts, writer.end()]));
        assert.equal(bytes.length, emissionFileBytes(emissions.length));
        const file = await openBytes(bytes);
        const slots = Float64Array.from(new Set(asked.filter((slot) => slot < emissions.length))).sort();
        const { intensity, basis, bit } = await file.at(slots);
        const found = Array.from(slots, (_, i) => intensity[i]! * 4 + basis[i]! * 2 + bit[i]!);
        assert.deepEqual(
          found,
          Array.from(slots, (slot) => emissions[slot]!),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('only what is near a slot is read', async () => {
  const bytes = fileOf(patterned(EMISSION_BLOCK_PULSES * 400));
  const readings: number[] = [];
  const file = await openBytes(bytes, readings);
  readings.length = 0;
  const inBlocks = (...blocks: number[]): Float64Array => Float64Array.from(blocks, (k) => k * EMISSION_BLOCK_PULSES);
  await file.at(inBlocks(3, 4, 20, 300, 399));
  assert.deepEqual(
    readings,
    [3, 300, 399].map((k) => EMISSION_BLOCK_BYTES * (k + 1)),
  );
  assert.deepEqual((await file.at(new Float64Array(0))).bit, new Uint8Array(0));
});

test('damage anywhere in the file is found by a checksum', async () => {
  const whole = fileOf(patterned(2500));
  const every = Float64Array.from({ length: 2500 }, (_, slot) => slot);
  for (let byte = 0; byte < whole.length; byte += byte < 64 ? 1 : 17) {
    const damaged = whole.slice();
    damaged[byte]! ^= 1 << (byte % 8);
    await refused(
      openBytes(damaged).then((file) => file.at(every)),
      byte < 8 ? /no emission file/ : /damaged|version|ends|goes on/,
    );
  }
  // A block in another's place, and one of another session.
  const swapped = whole.slice();
  swapped.copyWithin(512, 1024, 1536);
  await refused((await openBytes(swapped)).at(every), /bytes 512 to 1019 are damaged/);
  const renamed = whole.slice();
  renamed.set(encodeEmissionHeader({ ...HEADER, pulses: 2500, sessionId: 'other' }));
  await refused((await openBytes(renamed)).at(every), /damaged/);
});

test('a file that ends early, or goes on, is refused with the byte', async () => {
  const whole = fileOf(patterned(2500));
  for (const length of [0, 3, 8, 511]) await refused(openBytes(whole.subarray(0, length)), /no emission file|byte \d+/);
  for (const length of [512, 600, 1536, whole.length - 1])
    await refused(openBytes(whole.subarray(0, length)), new RegExp(`ends at byte ${length}; 2500 pulses`));
  await refused(openBytes(new Uint8Array([...whole, 0])), new RegExp(`byte ${whole.length}: 2500 pulses end here`));
  // Cut while it is open.
  let length = whole.length;
  const file = await EmissionFile.open({
    byteLength: whole.length,
    read: (at, n) => whole.subarray(at, Math.min(at + n, length)),
  });
  length = 700;
  await refused(file.at(Float64Array.of(1)), /ends at byte 700/);
});

test('files of others are refused by name', async () => {
  const text = (start: string): Uint8Array => new TextEncoder().encode(start.padEnd(600, '\0'));
  await refused(openBytes(text('PAR1')), /Parquet: time tags/);
  await refused(openBytes(text('slot,detector\n')), /table of slots/);
  await refused(openBytes(text('whatever')), /time tags are what Bob gives/);
  const later = fileOf(patterned(10));
  later[8] = 2;
  await refused(openBytes(later), /version 2; this program reads version 1/);
});

test('a value that means nothing, a slot that is not there, a wrong number of pulses', async () => {
  const emissions = patterned(1500);
  emissions[1301] = 13;
  const file = await openBytes(fileOf(emissions));
  await refused(file.at(Float64Array.of(1301)), /byte 1166: slot 1301 has intensity 3/);
  for (const slots of [[-1], [1.5], [1500], [4, 4], [5, 4], [Number.NaN]])
    await refused(file.at(Float64Array.from(slots)), /rising whole numbers below 1500/);
  const writer = new EmissionWriter({ ...HEADER, pulses: 10 });
  assert.throws(() => writer.write(patterned(11)), /11 pulses were written, and the header says 10/);
  writer.write(patterned(9));
  assert.throws(() => writer.end(), /9 pulses were written, and the header says 10/);
  for (const wrong of [{ linkId: '' }, { sessionId: 'ü'.repeat(49) }, { pulseRateHz: 0 }, { pulses: 0.5 }])
    assert.throws(() => new EmissionWriter({ ...HEADER, ...wrong }), { code: 'distill/emission-file' });
  assert.throws(() => decodeEmissionHeader(new Uint8Array(0)), /empty/);
});
