import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HotlineError } from '../error.ts';
import { checkPolicy, DEFAULT_POLICY, decodePolicy, encodePolicy, type LinePolicy, policyHash } from './policy.ts';
import { OPEN_POLICY } from './test/desk.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function refusal(changes: Partial<LinePolicy>): string {
  let message = '';
  assert.throws(
    () => checkPolicy({ ...DEFAULT_POLICY, ...changes }),
    (error: HotlineError) => {
      message = error.message;
      return error instanceof HotlineError && error.code === 'hotline/bad-argument';
    },
  );
  return message;
}

describe('the policy', () => {
  test('by default demands quantum key everywhere and two approvers', () => {
    checkPolicy(DEFAULT_POLICY);
    assert.deepEqual(DEFAULT_POLICY.qkdRequired, { text: true, file: true, media: true });
    assert.deepEqual(DEFAULT_POLICY.redAllows, { hybridText: false, media: false });
    assert.equal(DEFAULT_POLICY.greenHours, 24);
    assert.equal(DEFAULT_POLICY.approvalsNeeded, 2);
    assert.equal(DEFAULT_POLICY.approvalMinutes, 15);
    assert.equal(DEFAULT_POLICY.voicePadMinutesPerDay, 0);
    assert.equal(DEFAULT_POLICY.emergencyPadTexts, 20);
    assert.deepEqual(DEFAULT_POLICY.mediaRekeySeconds, { green: 60, amber: 600 });
  });

  test('that contradicts itself is refused with the field and what to do', () => {
    const both = { hybridText: true, media: true };
    assert.match(
      refusal({ redAllows: { ...both, media: false } }),
      /redAllows\.hybridText .*qkdRequired.*switch this off/,
    );
    assert.match(
      refusal({ redAllows: { ...both, hybridText: false } }),
      /redAllows\.media .*qkdRequired\.media.*switch one/,
    );
    checkPolicy({
      ...DEFAULT_POLICY,
      redAllows: { hybridText: true, media: false },
      qkdRequired: { text: true, file: false, media: true },
    });
    assert.match(refusal({ mediaRekeySeconds: { green: 60, amber: 59 } }), /mediaRekeySeconds\.amber .*raise it/);
    assert.match(
      refusal({ voicePadMinutesPerDay: 1 }),
      /voicePadMinutesPerDay \(1\) takes 80000 bits an hour.*raise that, or allow fewer/,
    );
    checkPolicy({ ...DEFAULT_POLICY, voicePadMinutesPerDay: 1, bitsPerHour: { 1: 80_000, 2: 80_000 } });
    assert.match(refusal({ voicePadMinutesPerDay: 1, bitsPerHour: { 1: 80_000, 2: 79_999 } }), /bitsPerHour\[2\]/);
  });

  test('out of range is refused with the field and the range', () => {
    const cases: readonly [Partial<LinePolicy>, RegExp][] = [
      [{ approvalsNeeded: 1 }, /approvalsNeeded must be a whole number from 2 to 16, not 1/],
      [{ greenHours: 0 }, /greenHours must be/],
      [{ greenHours: 1.5 }, /greenHours must be/],
      [{ bitsPerHour: { 1: 0, 2: 1 } }, /bitsPerHour\[1\] must be/],
      [{ bitsPerHour: { 1: 1, 2: Number.POSITIVE_INFINITY } }, /bitsPerHour\[2\] must be/],
      [{ authenticationFloorBits: 0 }, /authenticationFloorBits must be/],
      [{ approvalMinutes: 0 }, /approvalMinutes must be/],
      [{ emergencyPadTexts: -1 }, /emergencyPadTexts must be/],
      [{ retentionDays: 0 }, /retentionDays must be/],
      [{ mediaRekeySeconds: { green: 60, amber: 601 } }, /mediaRekeySeconds\.amber must be/],
      [{ qkdRequired: { text: true, file: true, media: 'yes' as never } }, /qkdRequired\.media must be true or false/],
    ];
    for (const [changes, pattern] of cases) assert.match(refusal(changes), pattern);
  });

  test('has one encoding, which reads back', () => {
    const policies = [
      DEFAULT_POLICY,
      OPEN_POLICY,
      { ...OPEN_POLICY, retentionDays: null, qkdRequired: { text: false, file: true, media: false } },
    ];
    for (const policy of policies) {
      const bytes = encodePolicy(policy);
      assert.deepEqual(decodePolicy(bytes), policy);
      const turned = Object.fromEntries(Object.entries(policy).reverse()) as unknown as LinePolicy;
      assert.deepEqual(encodePolicy(turned), bytes, 'the order of fields is nothing');
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => decodePolicy(bytes.subarray(0, length)), { code: 'hotline/malformed' });
      }
      assert.throws(() => decodePolicy(Uint8Array.of(...bytes, 0)), { code: 'hotline/malformed' });
    }
    assert.throws(() => encodePolicy({ ...DEFAULT_POLICY, approvalsNeeded: 1 }), { code: 'hotline/bad-argument' });
  });

  test('with any bit of it changed is another policy, or none', () => {
    const bytes = encodePolicy(OPEN_POLICY);
    const hashes = new Set([hex(policyHash(OPEN_POLICY))]);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const altered = bytes.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const policy = decodePolicy(altered);
        assert.deepEqual(encodePolicy(policy), altered);
        assert.ok(!hashes.has(hex(policyHash(policy))), `bit ${bit}`);
        hashes.add(hex(policyHash(policy)));
      } catch (error) {
        if (!(error instanceof HotlineError)) throw error;
      }
    }
    assert.ok(hashes.size > 100);
  });
});
