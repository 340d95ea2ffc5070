import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEASE_MS, Lease } from '@skykey/hotline/media';
import { CallLease, LAPSE_MS, readLease } from './lease.ts';

describe('the lease of a call', () => {
  it('counts from when it was asked for: an answer that was held back gives no leave', () => {
    const lease = new CallLease(0);
    lease.grant(100, LEASE_MS, 950);
    assert.equal(lease.state(950), 'valid');
    assert.equal(lease.state(100 + LEASE_MS - 1), 'valid');
    assert.equal(lease.state(100 + LEASE_MS), 'paused');
    lease.grant(100, LEASE_MS, 2000);
    assert.equal(lease.state(2000), 'paused');
  });

  it('is never longer than a lease may be, whatever the answer says', () => {
    const lease = new CallLease(0);
    lease.grant(0, 1e9, 10);
    assert.equal(lease.state(LEASE_MS), 'paused');
  });

  it('tells the gate of the frames the same end that it tells people', () => {
    for (const leaseMs of [1, 300, 899, LEASE_MS, 5000]) {
      const lease = new CallLease(0);
      const gate = new Lease();
      gate.renew(lease.grant(50, leaseMs, 50)!);
      for (let nowMs = 50; nowMs < 1200; nowMs += 7) {
        assert.equal(gate.holds(nowMs), lease.state(nowMs) === 'valid', `${leaseMs} ms at ${nowMs}`);
      }
    }
  });

  it('waits at first, pauses for less than 30 s, and then has lapsed for good', () => {
    const lease = new CallLease(0);
    assert.equal(lease.state(LAPSE_MS - 1), 'waiting');
    lease.grant(LAPSE_MS - 1, LEASE_MS, LAPSE_MS - 1);
    const endMs = LAPSE_MS - 1 + LEASE_MS;
    assert.equal(lease.state(endMs + LAPSE_MS - 1), 'paused');
    assert.notEqual(lease.grant(endMs + LAPSE_MS - 1, LEASE_MS, endMs + LAPSE_MS - 1), null);
    const laterMs = endMs + LAPSE_MS - 1 + LEASE_MS + LAPSE_MS;
    // Nobody looked in between: the answer that comes now is too late all the same.
    assert.equal(lease.grant(laterMs, LEASE_MS, laterMs), null);
    assert.equal(lease.state(laterMs), 'lapsed');
    assert.equal(new CallLease(0).state(LAPSE_MS), 'lapsed');
  });

  it('is not revived after a stop', () => {
    const lease = new CallLease(0);
    lease.grant(0, LEASE_MS, 0);
    lease.stop();
    assert.equal(lease.state(1), 'stopped');
    assert.equal(lease.grant(1, LEASE_MS, 1), null);
    assert.equal(lease.state(2), 'stopped');
  });
});

describe('the answer of a site', () => {
  const key = { keyId: 'k', mediaEpoch: 1792, stream: 'audio', use: 'send', baseKey: 'AAAA' };
  const pad = { padId: 'p', block: 0, use: 'receive', bytes: 'AAAA' };
  const good = { leaseMs: 900, sendEpoch: 1792, keys: [key], pads: [pad] };

  it('is read when it is what was agreed', () => assert.deepEqual(readLease(good), good));

  it('gives no leave when anything of it is not', () => {
    const bad: unknown[] = [
      null,
      'yes',
      {},
      { ...good, leaseMs: 0 },
      { ...good, leaseMs: Number.NaN },
      { ...good, leaseMs: '900' },
      { ...good, sendEpoch: -1 },
      { ...good, sendEpoch: 2 ** 32 },
      { ...good, sendEpoch: 0.5 },
      { ...good, keys: undefined },
      { ...good, keys: [null] },
      ...Object.keys(key).map((field) => ({ ...good, keys: [{ ...key, [field]: undefined }] })),
      { ...good, keys: [{ ...key, use: 'both' }] },
      { ...good, keys: [{ ...key, stream: 'text' }] },
      { ...good, keys: [key, { ...key, keyId: '' }] },
      { ...good, pads: undefined },
      { ...good, pads: [null] },
      ...Object.keys(pad).map((field) => ({ ...good, pads: [pad, { ...pad, [field]: undefined }] })),
      { ...good, pads: [{ ...pad, block: -1 }] },
      { ...good, pads: [{ ...pad, use: 'both' }] },
    ];
    for (const answer of bad) assert.equal(readLease(answer), null, JSON.stringify(answer));
  });
});
