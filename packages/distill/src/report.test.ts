import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binaryEntropy } from '@skykey/finitekey';
import { MonitorTally } from './estimate.ts';
import { Findings } from './report.ts';
import { SMALL_BLOCK } from './test/benchtop.ts';
import { verificationBound } from './verify.ts';

function findings(): Findings {
  const tally = new MonitorTally();
  for (let i = 0; i < 10; i++) tally.add(0, i < 2 ? 1 : 0);
  const found = new Findings(SMALL_BLOCK, tally);
  found.detections = 5000;
  found.keyDetections = [900, 90, 10];
  found.testDetections = [90, 10, 1];
  found.testErrors = [3, 1, 1];
  found.reconciliation = {
    ...{ method: 'cascade', leakedBits: 100, tagAnswers: 2, announcedBits: 80, messageBits: 900 },
    ...{ roundTrips: 7, frames: 1, failedFrames: 0, corrected: 11 },
  };
  found.verificationBits = 128;
  found.secretBits = 64;
  return found;
}

test('the outcome that the tags are about changes with every figure', () => {
  const changes: ((found: Findings) => void)[] = [
    (found) => found.detections++,
    (found) => found.tally.disclosed++,
    (found) => found.keyDetections[1]++,
    (found) => found.testDetections[2]++,
    (found) => found.testErrors[0]++,
    (found) => {
      found.reconciliation = { ...found.reconciliation, leakedBits: 101 };
    },
    (found) => {
      found.reconciliation = { ...found.reconciliation, corrected: 12 };
    },
    (found) => {
      found.reconciliation = { ...found.reconciliation, tagAnswers: 3 };
    },
    (found) => {
      found.secretBits += 8;
    },
  ];
  const outcomes = changes.map((change) => {
    const found = findings();
    change(found);
    return found.outcome();
  });
  assert.equal(new Set([findings().outcome(), ...outcomes]).size, changes.length + 1);
});

test('figures of the report are what they are said to be', () => {
  const report = findings().report({ classicalBytes: 1234, pads: 3, forgeryBound: 1e-30 });
  assert.equal(report.siftedSignal, 900 + 90 + 10);
  assert.equal(report.qberSignal, (3 + 2) / (90 + 10));
  assert.equal(report.monitored, 10);
  assert.equal(report.keyErrors, 11);
  assert.equal(report.reconciliation.leakedBits, 228);
  assert.equal(report.reconciliation.efficiency, 100 / (1000 * binaryEntropy(0.011)));
  assert.equal(report.authenticationBitsSpent, 384);
  assert.equal(report.classicalBytes, 1234);
  assert.equal(report.forgeryBound, 1e-30);
  assert.equal(report.composed, SMALL_BLOCK.epsSec + SMALL_BLOCK.epsCor + 1e-30);
  assert.deepEqual(report.correctness, { tagBits: 128, probability: verificationBound(1000) });
  // Before the key length is there, nothing is claimed.
  assert.deepEqual([report.rigorous, report.secrecy.epsilons, report.phaseErrorRate], [false, [], 0.5]);
  assert.deepEqual([report.verdict, report.secretBits, 'reason' in report], ['accepted', 64, false]);
  const refused = findings().report({ classicalBytes: 1234, pads: 1, forgeryBound: 0, refusal: 'because' });
  assert.deepEqual([refused.verdict, refused.secretBits, refused.reason], ['refused', 0, 'because']);
});
