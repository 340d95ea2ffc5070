import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinePermissions } from './permissions.ts';
import { DEFAULT_POLICY, KEY_BITS, type LinePolicy, PAD_TEXT_BITS } from './policy.ts';
import { hoursOfKey, OPEN_POLICY } from './test/desk.ts';
import { below, oneOf, seeded } from './test/random.ts';
import { FOUL, Wire } from './test/wire.ts';

type Pool = 'beijing' | 'moscow';
const POLICIES: readonly LinePolicy[] = [
  DEFAULT_POLICY,
  OPEN_POLICY,
  { ...OPEN_POLICY, redAllows: { hybridText: true, media: false } },
  { ...OPEN_POLICY, qkdRequired: { text: true, file: false, media: false } },
];

/** What section 10 says of a policy, written down once more: green, amber, red by hours; red lets go what the policy names. */
function levelOf(pools: Readonly<Record<Pool, number>>, qkd: boolean, policy: LinePolicy): string {
  const scarcer = Math.min(pools.beijing, pools.moscow) - policy.authenticationFloorBits;
  if (!qkd || scarcer < KEY_BITS) return 'red';
  return scarcer / policy.bitsPerHour[1] > policy.greenHours ? 'green' : 'amber';
}

function checkPolicyKept(may: LinePermissions, level: string, policy: LinePolicy, where: string): void {
  const { redAllows, qkdRequired } = policy;
  const red = level === 'red';
  assert.equal(may.text.allowed, !red || (redAllows.hybridText && !qkdRequired.text), where);
  assert.equal(may.file.allowed, !red || (redAllows.hybridText && !qkdRequired.file), where);
  assert.equal(may.call.allowed, !red || (redAllows.media && !qkdRequired.media), where);
  assert.ok(!red || !may.sealedText.allowed, where);
  assert.ok(level === 'green' || !may.sealedFile.allowed, where);
  assert.equal(may.rekeySeconds, level === 'green' ? 60 : 600, where);
}

/**
 * One day in which the pools run dry: traffic spends them through the permissions alone, at a random moment links stop
 * delivering, the desks count at different moments, and the line between them loses, doubles and reorders.
 */
function starve(seed: number): { readonly level: string; readonly sealed: number } {
  const random = seeded(seed);
  const policy = oneOf(random, POLICIES);
  const wire = new Wire(random, policy, 30);
  const pools: Record<Pool, number> = { beijing: hoursOfKey(30, policy), moscow: hoursOfKey(30, policy) };
  const [beijing, moscow] = wire.desks;
  const count = (): void => {
    beijing.counts(pools.beijing, pools.moscow);
    moscow.counts(pools.moscow, pools.beijing);
  };
  wire.pass(400, undefined, 200);
  wire.weather = FOUL;
  let qkd = true;
  let sealed = 0;
  // An eavesdropper or a cloud takes most of what is left of one direction, or of both.
  const remains = oneOf(random, [
    hoursOfKey(below(random, 40), policy) + below(random, 3),
    policy.authenticationFloorBits + below(random, 600),
  ]);
  pools[oneOf(random, ['beijing', 'moscow'] as const)] = remains;
  if (random() < 0.5) pools.beijing = pools.moscow = remains;
  for (let i = below(random, 4); i >= 0; i--) {
    if (random() < 0.7) count();
    for (const [name, desk] of [
      ['beijing', beijing],
      ['moscow', moscow],
    ] as const) {
      const bits = oneOf(random, [PAD_TEXT_BITS, 136, 200_000]);
      // Counted anew each time, or a text could be promised what another has spent.
      desk.counts(pools[name], pools[name === 'beijing' ? 'moscow' : 'beijing']);
      if (desk.machine.permissions(desk.state, bits).sealedText.allowed) {
        pools[name] -= bits;
        sealed++;
      }
      assert.ok(pools[name] >= policy.authenticationFloorBits, `seed ${seed}: the authentication reserve is spent`);
    }
    if (random() < 0.3) {
      // A renewal takes a key where there is one above the floor, and goes without where there is none.
      qkd = Math.min(pools.beijing, pools.moscow) - policy.authenticationFloorBits >= KEY_BITS;
      if (qkd) pools.beijing -= KEY_BITS;
      wire.agree(qkd ? wire.nowMs : null);
    }
    wire.pass(below(random, 500), undefined, 250);
  }
  count();
  wire.weather = { ...FOUL, loss: 0.1, delayMs: 300 };
  wire.pass(2_000, undefined, 250);
  const level = levelOf(pools, qkd, policy);
  for (const desk of wire.desks) {
    const where = `seed ${seed}: ${desk.view.reason}`;
    assert.equal(desk.view.level, level, where);
    checkPolicyKept(desk.may, level, policy, where);
    assert.equal(
      desk.view.banners.some((banner) => banner.startsWith('Computational')),
      level === 'red',
      where,
    );
  }
  assert.equal(beijing.view.reason, moscow.view.reason);
  return { level, sealed };
}

test('pools starved at 1,000 random moments: both desks in the right state within 2 s, nothing below policy', (context) => {
  const levels: Record<string, number> = {};
  let sealed = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const result = starve(seed);
    levels[result.level] = (levels[result.level] ?? 0) + 1;
    sealed += result.sealed;
  }
  context.diagnostic(`${JSON.stringify(levels)}, ${sealed} texts sealed by one-time pad`);
  for (const level of ['green', 'amber', 'red']) assert.ok(levels[level]! > 50, level);
});
