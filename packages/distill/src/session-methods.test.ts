import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from './messages.ts';
import { blockIdOf } from './parameters.ts';
import { type Distillation, distil, type Light, SMALL_BLOCK, SMALL_LIGHT, twoSites } from './test/benchtop.ts';
import type { SessionParameters } from './types.ts';

const BLOCK = blockIdOf(SMALL_BLOCK);
const LIGHT: Light = { ...SMALL_LIGHT, detections: 60_000, qber: 0.01, basisX: 0.8 };

async function said(options: Distillation) {
  const types: string[] = [];
  const sites = twoSites();
  const ends = await distil({
    light: LIGHT,
    sites,
    ...options,
    tamper: (bytes) => {
      types.push(decode(bytes).type);
      return [bytes];
    },
  });
  return { ...ends, sites, types };
}

test('with one message both sides release the same key and tell the same story', async () => {
  const { alice, bob, sites, types } = await said({ parameters: { ...SMALL_BLOCK, method: 'ldpc' } });
  const report = alice.report!;
  assert.equal(report.verdict, 'accepted', report.reason);
  assert.deepEqual(bob.report, report);
  assert.deepEqual(sites.bob.store.keys.get(BLOCK), sites.alice.store.keys.get(BLOCK));
  assert.deepEqual(types.slice(types.indexOf('test-alice') + 1, types.indexOf('verify')), [
    'syndromes',
    'decoded',
    'reconciled',
  ]);
  assert.deepEqual([report.reconciliation.method, report.reconciliation.roundTrips], ['ldpc', 1]);
});

test("empty pulses stay Alice's where all that Bob says is counted, and are Eve's in Cascade", async () => {
  const light: Light = { ...LIGHT, detections: 120_000, background: 0.02 };
  for (const proof of ['tilted', 'tilted-one-way', 'clopper-pearson'] as const) {
    const { alice, bob } = await said({ light, parameters: { ...SMALL_BLOCK, method: 'ldpc', proof } });
    const report = alice.report!;
    assert.equal(report.verdict, 'accepted', report.reason);
    assert.deepEqual(bob.report, report);
    assert.deepEqual([report.proof, report.rigorous], [proof, true]);
    const keyBits = report.keyDetections.reduce((sum, n) => sum + n, 0);
    // The number of corrected bits, 64 bits for the instant of `decoded`, and one for the choice.
    const bobBits = Math.ceil(Math.log2(keyBits + 1)) + 64;
    assert(report.secrecy.terms.vacuum! > 4 * bobBits, `${report.secrecy.terms.vacuum} empty pulses`);
    assert.equal(report.secrecy.terms.twoWay, -bobBits - 1);
    if (proof === 'tilted-one-way') continue;
    const cascade = (await said({ light, parameters: { ...SMALL_BLOCK, method: 'cascade', proof } })).alice.report!;
    assert.equal(cascade.secrecy.terms.twoWay, -cascade.secrecy.terms.vacuum!);
  }
});

test('where few pulses are empty, they are given up: what Bob says costs no more than they are worth', async () => {
  const { alice } = await said({
    light: { ...LIGHT, detections: 120_000 },
    parameters: { ...SMALL_BLOCK, method: 'ldpc' },
  });
  const { vacuum, twoWay } = alice.report!.secrecy.terms;
  assert(vacuum! > 0 && vacuum! < 30);
  assert.equal(twoWay, -vacuum! - 1);
});

test('of an empty key both tell the same story, however far the peer is', async () => {
  let now = 0;
  for (const method of ['auto', 'cascade', 'ldpc'] as const) {
    const { alice, bob, types } = await said({
      parameters: { ...SMALL_BLOCK, method },
      light: { ...LIGHT, detections: 2000, basisX: 0 },
      clock: () => (now += 100_000),
    });
    assert.match(alice.report!.reason!, /no secret bit/);
    assert.deepEqual(bob.report, alice.report);
    assert(!types.includes('shuffle') && !types.includes('syndromes'));
  }
});

test('with auto Alice chooses by the time of a round trip, and Bob follows what she sends', async () => {
  // Every look at the clock is so many milliseconds after the last.
  const clockOf = (stepMs: number) => {
    let now = 5;
    return () => (now += stepMs);
  };
  for (const [clock, method] of [
    [undefined, 'cascade'],
    [clockOf(1), 'cascade'],
    [clockOf(100_000), 'ldpc'],
  ] as const) {
    const { alice, bob } = await said({
      parameters: { ...SMALL_BLOCK, method: 'auto' },
      ...(clock ? { clock } : {}),
    });
    assert.equal(alice.report!.verdict, 'accepted', alice.report!.reason);
    assert.equal(alice.report!.reconciliation.method, method);
    assert.deepEqual(bob.report, alice.report);
  }
});

test('one slow answer does not make a far peer, and one quick answer tells a near one', async () => {
  for (const [quick, method] of [
    [1, 'cascade'],
    [1000, 'ldpc'],
  ] as const) {
    let now = 0;
    let answers = 0;
    const { alice } = await distil({
      light: LIGHT,
      clock: () => now,
      tamper: (bytes) => {
        const { type } = decode(bytes);
        // The third of eight answers is the quickest; whatever else is said takes hours.
        if (type === 'clicks' || type === 'test-bob') now += ++answers === 3 ? quick : 5000;
        else if (type !== 'monitor' && type !== 'settings') now += 1e7;
        return [bytes];
      },
    });
    assert.equal(alice.report!.reconciliation.method, method);
  }
});

test('a far peer and a key that one message cannot correct: Cascade when Alice may choose, else no key and the reason', async () => {
  const light: Light = { ...LIGHT, qber: 0.14 };
  const alarm = { ...SMALL_BLOCK.alarm, expectedQber: 0.2, hardQber: 0.3 };
  let now = 0;
  const clock = () => (now += 100_000);
  const parameters: SessionParameters = { ...SMALL_BLOCK, alarm, method: 'auto' };
  const chosen = await said({ light, parameters, clock });
  assert.equal(chosen.alice.report!.reconciliation.method, 'cascade');
  const { alice, bob, types } = await said({ light, parameters: { ...parameters, method: 'ldpc' } });
  assert.match(alice.report!.reason!, /^one message cannot correct this key/);
  assert.deepEqual(bob.report, alice.report);
  assert(!types.includes('syndromes'), 'nothing of the key was said');
});

test('a method that was not agreed on is not followed, also where both are told that they agree', async () => {
  for (const [hers, his] of [
    ['ldpc', 'cascade'],
    ['cascade', 'ldpc'],
  ] as const) {
    const parameters: SessionParameters = { ...SMALL_BLOCK, method: hers };
    const differing = { parameters, bobParameters: { ...SMALL_BLOCK, method: his } };
    const honest = await said(differing);
    assert.match(honest.alice.report!.reason!, new RegExp(`disagree on method: Alice has ${hers}, Bob ${his}`));
    assert.equal(honest.bob.report!.reason, honest.alice.report!.reason);
    // A man in the middle gives each the other's method as its own.
    const told = (bytes: Uint8Array): Uint8Array => {
      const message = decode(bytes);
      if (message.type !== 'hello-bob' && message.type !== 'hello-alice') return bytes;
      const [from, to] = message.type === 'hello-bob' ? [his, hers] : [hers, his];
      return encode({ ...message, parameters: message.parameters.map((value) => (value === from ? to : value)) });
    };
    const { alice, bob } = await distil({ ...differing, light: LIGHT, tamper: (bytes) => [told(bytes)] });
    assert(bob.result.status === 'rejected');
    assert.equal(bob.result.reason.code, 'distill/protocol');
    assert.match(
      bob.result.reason.message,
      hers === 'ldpc' ? /'syndromes' where 'shuffle'/ : /'shuffle' where 'syndromes'/,
    );
    assert.deepEqual([bob.alarms, alice.alarms, alice.warnings], [['protocol'], [], ['peer']]);
    assert.notEqual(alice.report?.verdict, 'accepted');
  }
});

test('detectors that differ cost key, and the report says what is not proven of them (pitfall P27)', async () => {
  const light: Light = { ...LIGHT, detections: 120_000 };
  const reports = await Promise.all(
    [0, 0.1].map(async (detectorMismatch) => {
      const { alice, bob } = await said({ light, parameters: { ...SMALL_BLOCK, detectorMismatch } });
      assert.deepEqual(bob.report, alice.report);
      return alice.report!;
    }),
  );
  const [equal, unequal] = reports;
  assert.equal(unequal!.verdict, 'accepted', unequal!.reason);
  assert(unequal!.secretBits < 0.9 * equal!.secretBits, `${unequal!.secretBits} of ${equal!.secretBits}`);
  assert.deepEqual([equal!.rigorous, equal!.proofGaps], [true, []]);
  assert.equal(unequal!.rigorous, false);
  assert.match(unequal!.proofGaps.join(), /^Detectors differ in efficiency by no more than stated/);
});
