import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type ReconcileOptions, reconcileFiles } from './reconcile.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-reconcile-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes that look random. */
function bytes(count: number, start: number): Uint8Array {
  let state = start;
  return Uint8Array.from({ length: count }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24);
}

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const bits = 160_003;
const aliceBytes = bytes(Math.ceil(bits / 8), 1);
/** Wrong in every 50th bit, and behind the last one, which nobody looks at. */
const bobBytes = aliceBytes.slice();
let wrong = 0;
for (let i = 7; i < bits; i += 50, wrong++) bobBytes[i >> 3]! ^= 1 << (i & 7);
bobBytes[bobBytes.length - 1]! ^= 0x80;
const alice = file('alice.bin', aliceBytes);
const bob = file('bob.bin', bobBytes);
const run = (options: Partial<ReconcileOptions> = {}) =>
  reconcileFiles({ alice, bob, bits, method: 'cascade', seed: 5, ...options });

describe('skykey reconcile', () => {
  it('makes the keys equal and says what it cost', async () => {
    const { cpuS, ...document } = await run();
    assert(cpuS > 0);
    assert.equal(document.errors, wrong);
    assert.equal(document.errorRate, wrong / bits);
    assert.equal(document.residualErrors, 0);
    assert.equal(document.failedFrames, 0);
    assert(document.efficiency > 1 && document.efficiency < 1.1, `f ${document.efficiency}`);
    assert(document.messageBits > document.leakedBits + document.announcedBits);
    assert(document.roundTrips > 5 && document.roundTrips < 300);
  });

  it('can be run again from its seed', async () => {
    const { cpuS: _, ...one } = await run();
    const { cpuS: __, ...again } = await run();
    assert.deepEqual(again, one);
    const { cpuS: ___, ...other } = await run({ seed: 6 });
    assert.notDeepEqual(other, one);
  });

  it('takes what the parties expect', async () => {
    const expected = await run({ errorRate: 0.1 });
    assert.equal(expected.residualErrors, 0);
    assert(expected.leakedBits > (await run()).leakedBits, 'a wrong guess costs');
  });

  it('does it in one message', async () => {
    const { cpuS, codeS, ...document } = await run({ method: 'ldpc' });
    assert(cpuS > 0 && codeS! > 0);
    assert.equal(document.method, 'ldpc');
    assert.equal(document.errors, wrong);
    assert.deepEqual([document.residualErrors, document.failedFrames, document.roundTrips], [0, 0, 1]);
    assert(document.efficiency > 1.1 && document.efficiency < 1.27, `f ${document.efficiency}`);
    // The head of the message and the seed of the tags say nothing of the key; Bob answers.
    assert(document.messageBits > document.leakedBits && document.messageBits < document.leakedBits + 1000);
    const { cpuS: _, codeS: __, ...again } = await run({ method: 'ldpc' });
    assert.deepEqual(again, document);
    const unsure = await run({ method: 'ldpc', errorSpread: 0.001 });
    assert(unsure.leakedBits > document.leakedBits);
  });

  it('keeps a frame that one message cannot correct, and counts its bits', async () => {
    const document = await run({ method: 'ldpc', errorRate: 0.01, frames: 'short' });
    assert.deepEqual([document.frames, document.failedFrames, document.residualErrors], [2, 2, 0]);
    assert(document.leakedBits > bits);
    assert.equal(document.roundTrips, 2);
  });

  it('chooses by the round-trip time', async () => {
    assert.equal((await run({ method: 'auto' })).method, 'cascade');
    assert.equal((await run({ method: 'auto', roundTrip: 20 })).method, 'cascade');
    assert.equal((await run({ method: 'auto', roundTrip: 480 })).method, 'ldpc');
    assert.equal((await run({ method: 'auto', roundTrip: 480, errorRate: 0.2 })).method, 'cascade');
  });

  it('says in one sentence what cannot be done', async () => {
    const refused = (options: Partial<ReconcileOptions>, message: RegExp, code = 'cli/option') =>
      assert.rejects(run(options), { name: 'CliError', code, message });
    await refused({ method: 'winnow' }, /--method is cascade, ldpc, auto, not winnow/);
    await refused(
      { method: 'ldpc', errorRate: 0.2 },
      /--method ldpc: errorRate .* at most 0.11 .*, not 0.2: .*Cascade/,
    );
    await refused({ method: 'ldpc', bits: 100, errorRate: 0.1 }, /--method ldpc: .* 100 bits is too short .*Cascade/);
    await refused({ method: 'ldpc', frames: 'huge' }, /--frames is short or long, not huge/);
    await refused({ method: 'ldpc', errorSpread: -1 }, /--error-spread/);
    await refused({ method: 'ldpc', roundTrip: 480 }, /--round-trip decides with --method auto/);
    await refused({ method: 'auto', roundTrip: -1 }, /--round-trip/);
    await refused({ bits: 0 }, /--bits/);
    await refused({ bits: bits + 8 }, /--alice .* has 20001 bytes; --bits asks for 160011 bits/, 'cli/file');
    await refused({ bob: file('short', bobBytes.slice(1)) }, /--bob .* has 20000 bytes/, 'cli/file');
    await refused({ alice: join(folder, 'none') }, /--alice .* there is no such file/, 'cli/file');
    for (const errorRate of [0, 0.51, Number.NaN]) await refused({ errorRate }, /--error-rate/);
  });
});
