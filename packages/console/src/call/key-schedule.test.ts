import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { frameKeyId } from '@skykey/hotline/media';
import type { LeaseKey } from './contract.ts';
import { KeySchedule } from './key-schedule.ts';

const EPOCH = 1792;

function key(use: LeaseKey['use'], mediaEpoch: number, stream: LeaseKey['stream'] = 'audio'): LeaseKey {
  const baseKey = Buffer.alloc(32, 1 + (mediaEpoch % 250)).toString('base64');
  return { keyId: `${use}/${mediaEpoch}/${stream}`, mediaEpoch, stream, use, baseKey };
}

const seen = (keys: readonly { use: string; epoch: number; stream: string }[]) =>
  keys.map(({ use, epoch, stream }) => `${use} ${epoch} ${stream}`);

describe('keys of a call, as the site gives them', () => {
  it('seal from the epoch that the site names, not before', () => {
    const schedule = new KeySchedule();
    assert.deepEqual(seen(schedule.after({ sendEpoch: EPOCH, keys: [key('send', EPOCH), key('send', EPOCH + 1)] })), [
      `seal ${EPOCH} audio`,
    ]);
    assert.equal(schedule.sendEpoch, EPOCH);
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH, keys: [] }), []);
    assert.deepEqual(seen(schedule.after({ sendEpoch: EPOCH + 1, keys: [] })), [`seal ${EPOCH + 1} audio`]);
  });

  it('are never begun a second time, whatever the site says', () => {
    const schedule = new KeySchedule();
    schedule.after({ sendEpoch: EPOCH, keys: [key('send', EPOCH)] });
    schedule.after({ sendEpoch: EPOCH + 1, keys: [key('send', EPOCH + 1)] });
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH, keys: [key('send', EPOCH)] }), []);
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH, keys: [{ ...key('send', EPOCH), keyId: 'renamed' }] }), []);
    assert.equal(schedule.sendEpoch, EPOCH + 1);
  });

  it('go on with what they have when the site names an epoch it gave no key for', () => {
    const schedule = new KeySchedule();
    schedule.after({ sendEpoch: EPOCH, keys: [key('send', EPOCH)] });
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH + 9, keys: [] }), []);
    assert.equal(schedule.sendEpoch, EPOCH);
  });

  it('open from the first frame that names them, each once, and not backwards', () => {
    const schedule = new KeySchedule();
    const keys = [0, 1, 2].map((ahead) => key('receive', EPOCH + ahead));
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH, keys }), []);
    const kid = (ahead: number) => frameKeyId(EPOCH + ahead, 'audio');
    assert.equal(schedule.named('video', kid(0)), null);
    assert.equal(schedule.named('audio', kid(1))?.epoch, EPOCH + 1);
    assert.equal(schedule.named('audio', kid(1)), null);
    assert.equal(schedule.named('audio', kid(0)), null, 'an older key was begun after a newer');
    assert.equal(schedule.named('audio', kid(2))?.epoch, EPOCH + 2);
  });

  it('are named to the site from when they are held, and not when they are none', () => {
    const schedule = new KeySchedule();
    const keys = [key('send', EPOCH), key('receive', EPOCH), { ...key('send', EPOCH, 'video'), baseKey: 'AAAA' }];
    schedule.after({ sendEpoch: EPOCH, keys });
    assert.deepEqual(schedule.have(), [`send/${EPOCH}/audio`, `receive/${EPOCH}/audio`]);
    assert.deepEqual(schedule.after({ sendEpoch: EPOCH, keys: [{ ...key('receive', EPOCH), baseKey: '?' }] }), []);
  });

  it('name a bounded number, the present ones among them', () => {
    const schedule = new KeySchedule();
    for (let epoch = EPOCH; epoch < EPOCH + 200; epoch++) {
      schedule.after({ sendEpoch: epoch, keys: [key('send', epoch), key('receive', epoch)] });
    }
    assert.ok(schedule.have().length <= 64);
    assert.ok(schedule.have().includes(`send/${EPOCH + 199}/audio`));
  });

  it('are overwritten when they are not needed any more', () => {
    const schedule = new KeySchedule();
    const streams = ['audio', 'video'] as const;
    schedule.after({ sendEpoch: EPOCH, keys: streams.map((stream) => key('receive', EPOCH, stream)) });
    const [audio] = streams.map((stream) => schedule.named(stream, frameKeyId(EPOCH, stream))!);
    assert.ok(audio!.baseKey.some((byte) => byte !== 0));
    // Held as the media room would get it, so that the overwriting can be seen.
    const kept: Uint8Array[] = [];
    const from = Uint8Array.from.bind(Uint8Array) as typeof Uint8Array.from;
    try {
      Uint8Array.from = ((...given: Parameters<typeof from>) => {
        const bytes = from(...given);
        kept.push(bytes);
        return bytes;
      }) as typeof Uint8Array.from;
      schedule.after({ sendEpoch: EPOCH, keys: [key('receive', EPOCH + 1), key('send', EPOCH + 2)] });
    } finally {
      Uint8Array.from = from;
    }
    assert.equal(kept.length, 2);
    schedule.wipe();
    for (const bytes of kept) assert.ok(bytes.every((byte) => byte === 0));
  });
});
