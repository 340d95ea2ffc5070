import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distil, SMALL_BLOCK, SMALL_LIGHT } from './test/benchtop.ts';
import type { SessionParameters } from './types.ts';

test('a difference in any parameter is named by both sides before the first photon', async () => {
  const other: Record<string, SessionParameters> = {
    sessionId: { ...SMALL_BLOCK, sessionId: 'session-2' },
    linkId: { ...SMALL_BLOCK, linkId: 'other' },
    pulses: { ...SMALL_BLOCK, pulses: 1e9 + 1 },
    'meanPhotons[0]': { ...SMALL_BLOCK, meanPhotons: [0.81, 0.1, 0] },
    'meanPhotons[1]': { ...SMALL_BLOCK, meanPhotons: [0.8, 0.11, 0] },
    'meanPhotons[2]': { ...SMALL_BLOCK, meanPhotons: [0.8, 0.1, 1e-4] },
    'probabilities[0]': { ...SMALL_BLOCK, probabilities: [0.55, 0.2, 0.25] },
    'probabilities[1]': { ...SMALL_BLOCK, probabilities: [0.5, 0.3, 0.2] },
    detectorMismatch: { ...SMALL_BLOCK, detectorMismatch: 0.01 },
    epsSec: { ...SMALL_BLOCK, epsSec: 0.31 },
    epsCor: { ...SMALL_BLOCK, epsCor: 1e-14 },
    proof: { ...SMALL_BLOCK, proof: 'clopper-pearson' },
    method: { ...SMALL_BLOCK, method: 'cascade' },
    monitorProbability: { ...SMALL_BLOCK, monitorProbability: 0.06 },
    'alarm.expectedQber': { ...SMALL_BLOCK, alarm: { ...SMALL_BLOCK.alarm, expectedQber: 0.021 } },
    'alarm.qberDrift': { ...SMALL_BLOCK, alarm: { ...SMALL_BLOCK.alarm, qberDrift: 0.021 } },
    'alarm.softFalseAlarm': { ...SMALL_BLOCK, alarm: { ...SMALL_BLOCK.alarm, softFalseAlarm: 0.1 } },
    'alarm.hardQber': { ...SMALL_BLOCK, alarm: { ...SMALL_BLOCK.alarm, hardQber: 0.12 } },
    'alarm.hardFalseAlarm': { ...SMALL_BLOCK, alarm: { ...SMALL_BLOCK.alarm, hardFalseAlarm: 0.1 } },
  };
  for (const [field, bobParameters] of Object.entries(other)) {
    const { alice, bob } = await distil({ bobParameters });
    assert(alice.report!.reason!.startsWith(`the parties disagree on ${field}: Alice has `), alice.report!.reason);
    assert.equal(bob.report!.reason, alice.report!.reason);
    assert(!alice.events.length && !bob.events.length);
  }
});

test('zero is zero, whatever its sign', async () => {
  const zero = { ...SMALL_BLOCK, method: 'ldpc' as const };
  const negative = { ...zero, detectorMismatch: -0, meanPhotons: [0.8, 0.1, -0] as const };
  const { alice, bob } = await distil({ parameters: zero, bobParameters: negative });
  assert.doesNotMatch(alice.report?.reason ?? '', /disagree/);
  assert.deepEqual(bob.report?.reason, alice.report?.reason);
});

test('bad parameters are named before anything is said', async () => {
  const alarm = SMALL_BLOCK.alarm;
  const bad: [string, Partial<SessionParameters>][] = [
    ['sessionId', { sessionId: '' }],
    ['sessionId', { sessionId: '\ud800' }],
    ['linkId', { linkId: 'a/b' }],
    ['pulses', { pulses: 0 }],
    ['pulses', { pulses: 1.5 }],
    ['pulses', { pulses: Number.NaN }],
    ['monitorProbability', { monitorProbability: 1.1 }],
    ['detectorMismatch', { detectorMismatch: 1.1 }],
    ['detectorMismatch', { detectorMismatch: Number.NaN }],
    ['detectorMismatch', { proof: 'lim2014-hoeffding', detectorMismatch: 0.1 }],
    ['epsCor', { epsCor: 1e-40 }],
    ['alarm.expectedQber', { alarm: { ...alarm, expectedQber: Number.NaN } }],
    ['alarm.qberDrift', { alarm: { ...alarm, qberDrift: 0.6 } }],
    ['alarm.hardQber', { alarm: { ...alarm, hardQber: 0.7 } }],
    ['alarm.softFalseAlarm', { alarm: { ...alarm, softFalseAlarm: 0 } }],
    ['alarm.hardFalseAlarm', { alarm: { ...alarm, hardFalseAlarm: 1 } }],
    ['meanPhotons', { meanPhotons: [0.1, 0.8, 0] }],
    ['probabilities', { probabilities: [0.5, 0.5, 0.5] }],
    ['epsSec', { epsSec: 0 }],
    ['proof', { proof: 'rusca2018' }],
    ['proof', { proof: 'bbm92' }],
    ['proof', { proof: 'chernoff' as SessionParameters['proof'] }],
    ['method', { method: 'winnow' as 'auto' }],
    ['method', { proof: 'tilted-one-way' }],
  ];
  for (const [field, change] of bad) {
    const { alice } = await distil({
      parameters: { ...SMALL_BLOCK, ...change },
      light: { ...SMALL_LIGHT, detections: 1 },
    });
    assert(alice.result.status === 'rejected');
    assert(alice.result.reason.message.includes(field), `${field}: ${alice.result.reason.message}`);
  }
});
