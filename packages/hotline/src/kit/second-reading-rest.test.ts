import assert from 'node:assert/strict';
import { createCipheriv, createPublicKey, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  briefly,
  expand,
  hmac,
  integer,
  label,
  long,
  lp,
  name,
  type Read,
  sha256,
  unhex,
  uuid,
  vectors,
} from './test/reading.ts';

// Written from PROTOCOL.md, sections 5, 7 to 9, 11 and 13, alone: nothing of the implementation is imported here.

const LANES = ['control', 'text', 'file'];
const CLASSES = ['tap', 'jam', 'fault', 'time', 'source-gate', 'kms', 'operator'];
const LEVELS = ['green', 'amber', 'red'];
const CAUSES = ['stock', 'dry', 'no-qkd', 'starting'];

/** A frame of SFrame as section 9 says, after `before` others; KIDs of two bytes. */
function sframe(input: {
  readonly mediaEpoch: number;
  readonly stream: string;
  readonly baseKey: string;
  readonly before: number;
  readonly plaintext: string;
  readonly metadata: string;
}): string {
  const kid = input.mediaEpoch * 4 + (input.stream === 'audio' ? 0 : 1);
  const ctr = input.before;
  const header = Buffer.concat([
    Buffer.of(0x90 + (ctr < 8 ? ctr : 8)),
    integer(kid, 2),
    ctr < 8 ? Buffer.alloc(0) : Buffer.of(ctr),
  ]);
  const pseudorandom = hmac(Buffer.alloc(0), unhex(input.baseKey));
  const part = (purpose: string, bytes: number) =>
    expand(
      pseudorandom,
      Buffer.concat([Buffer.from(`SFrame 1.0 Secret ${purpose} `), integer(kid, 8), integer(5, 2)]),
      bytes,
    );
  const aad = Buffer.concat([header, unhex(input.metadata)]);
  const frame = gcm(part('key', 32), counted(part('salt', 12), ctr), aad, unhex(input.plaintext));
  return Buffer.concat([header, frame]).toString('hex');
}

/** Ciphertext ‖ tag. */
function gcm(key: Buffer, nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** `nonce` with `count` added to it bit by bit. */
function counted(nonce: Buffer, count: number): Buffer {
  const bits = integer(count, 12);
  return Buffer.from(nonce.map((byte, i) => byte ^ bits[i]!));
}

function alarmBytes({ id, class: kind, foundBy, link, reason, atMs }: Read['input']): Buffer {
  const words = [name(id), integer(CLASSES.indexOf(kind), 1), name(foundBy), name(link), long(Buffer.from(reason))];
  return Buffer.concat([...words, integer(atMs, 8)]);
}

function lineBytes(of: Read['input']): Buffer {
  switch (of.type) {
    case 'state': {
      const times = [of.revision, of.heard, of.atMs, of.echoMs].map((value) => integer(value, 8));
      const { level, cause, hours, sinceMs } = of.level;
      return Buffer.concat([
        ...[Buffer.of(1), unhex(of.epoch), ...times, integer(Number(of.asks), 1), integer(of.keysMadeAfterMs, 8)],
        ...[Buffer.of(LEVELS.indexOf(level), CAUSES.indexOf(cause)), integer(hours, 2), integer(sinceMs, 8)],
        ...[integer(of.standing.length, 1), ...of.standing.map(alarmBytes)],
      ]);
    }
    case 'alarm':
      return Buffer.concat([Buffer.of(2), alarmBytes(of.alarm)]);
    case 'approval': {
      const words = [unhex(of.request), name(of.person), name(of.name)];
      return Buffer.concat([
        Buffer.of(3, of.direction),
        ...words,
        integer(of.approvedMs, 8),
        integer(of.withdrawnMs, 8),
      ]);
    }
    case 'record':
      return Buffer.concat([Buffer.of(4), unhex(of.epoch), integer(of.revision, 8), integer(Number(of.wants), 1)]);
    default:
      return Buffer.concat([Buffer.of(5), unhex(of.hash)]);
  }
}

describe('the rest, read a second time', () => {
  test('messages about the line, the policy, the request to reopen', () => {
    const written = vectors('line/write', true);
    assert.ok(written.length >= 6);
    for (const { name: file, input, output } of written) {
      assert.equal(output.bytes, lineBytes(input.message).toString('hex'), file);
    }
    for (const { name: file, input, output } of vectors('line/write-policy', true)) {
      const { greenHours, bitsPerHour, authenticationFloorBits, qkdRequired, redAllows, ...policy } = input.policy;
      const switches = [qkdRequired.text, qkdRequired.file, qkdRequired.media, redAllows.hybridText, redAllows.media];
      const numbers = [policy.approvalsNeeded, policy.approvalMinutes, policy.voicePadMinutesPerDay];
      const document = Buffer.concat([
        ...[Buffer.of(2), integer(greenHours, 4), integer(bitsPerHour['1'], 8), integer(bitsPerHour['2'], 8)],
        integer(authenticationFloorBits, 8),
        Buffer.of(switches.reduce((bits, on, i) => bits + (on ? 2 ** i : 0), 0)),
        ...[policy.mediaRekeySeconds.green, policy.mediaRekeySeconds.amber].map((value) => integer(value, 4)),
        ...[...numbers, policy.emergencyPadTexts, policy.retentionDays ?? 0].map((value) => integer(value, 4)),
      ]);
      assert.equal(document.length, 58);
      assert.equal(output.bytes, document.toString('hex'), file);
      assert.equal(output.hash, sha256(Buffer.from('skykey/hotline/policy/v2'), document).toString('hex'), file);
    }
    for (const { name: file, input, output } of vectors('line/request', true)) {
      const request = sha256(
        lp('action', Buffer.from('skykey/hotline/reopen/v2')),
        lp('conversation', Buffer.from(input.conversationId)),
        lp('policy', unhex(input.policyHash)),
        ...input.alarms.map((alarm: unknown) => lp('alarm', alarmBytes(alarm))),
      );
      assert.equal(output.request, request.toString('hex'), file);
    }
  });

  test('transcripts, and what they hold of a text', () => {
    const all = vectors('stream/transcript', true);
    assert.ok(all.length >= 4);
    for (const { name: file, input, output } of all) {
      const chains = new Map<string, { place: Buffer; count: number; hash: Buffer }>();
      for (const { direction, lane, number, digest, commitment } of input.entries) {
        const place = Buffer.of(direction, LANES.indexOf(lane) + 1);
        const begin = sha256(lp('skykey/hotline/transcript/2', unhex(input.origin)), place);
        const { count, hash } = chains.get(place.toString('hex')) ?? { count: 0, hash: begin };
        const words = commitment === null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), unhex(commitment)]);
        const entry = [lp('skykey/hotline/entry/2', hash), place, integer(number, 8), unhex(digest), words];
        chains.set(place.toString('hex'), { place, count: count + 1, hash: sha256(...entry) });
      }
      const heads = [...chains]
        .sort()
        .map(([, { place, count, hash }]) => Buffer.concat([place, integer(count, 8), hash]));
      const head = Buffer.concat([unhex(input.origin), Buffer.of(heads.length), ...heads]);
      assert.equal(output.head, head.toString('hex'), file);
    }
    for (const { name: file, input, output } of vectors('text/write', true)) {
      const sealed = input.sealing === 'sealed';
      const flags = Buffer.of(input.salt === null ? 0 : 1);
      const opening = Buffer.concat([Buffer.of(sealed ? 2 : 1), integer(input.number, 8), uuid(input.id), flags]);
      const block = sealed ? Buffer.alloc(0) : unhex(output.payload).subarray(28);
      assert.equal(output.digest, sha256(name('skykey/hotline/text/2'), opening, long(block)).toString('hex'), file);
      const words = sha256(name('skykey/hotline/words/2'), integer(input.number, 8), long(block)).toString('hex');
      assert.equal(output.commitment, input.salt === null ? null : words, file);
    }
  });

  test('what is signed on the record, and by whom', () => {
    for (const { name: file, input, output } of vectors('stream/record-origin', true)) {
      const origin = sha256(name('skykey/hotline/on-record/2'), unhex(input.origin));
      assert.equal(output.origin, origin.toString('hex'), file);
    }
    const signedBytes = ({ conversationId, desks, head }: Read['input']): Buffer =>
      Buffer.concat([
        lp('skykey/hotline/record/2', uuid(conversationId)),
        ...desks.toSorted().map((desk: string) => lp('desk', Buffer.from(desk))),
        lp('head', unhex(head)),
      ]);
    const all = vectors('stream/signed-bytes', true);
    assert.ok(all.length >= 3);
    for (const { name: file, input, output } of all) {
      assert.equal(output.bytes, signedBytes(input).toString('hex'), file);
    }
    const [{ input }] = vectors('stream/signed-verify', true) as [Read];
    const signed = unhex(input.signed);
    const head = signed.subarray(4, 4 + signed.readUInt32BE());
    let at = 4 + head.length + 1;
    for (const desk of input.desks) {
      assert.deepEqual(signed.subarray(at, at + 1 + desk.length), name(desk));
      const signature = signed.subarray(at + 1 + desk.length, (at += 1 + desk.length + 3309));
      const key = createPublicKey({ key: unhex(input.keys[desk]), format: 'der', type: 'spki' });
      assert.ok(verify(null, signedBytes({ ...input, head: head.toString('hex') }), key, signature), desk);
    }
    assert.equal(at, signed.length);
  });

  test('files', () => {
    const all = vectors('file/seal', true);
    assert.ok(all.length >= 5);
    for (const { name: file, input, output } of all) {
      const [plaintext, salt] = [unhex(input.plaintext), unhex(input.salt)];
      const place = [unhex(input.conversationId), unhex(input.fileId), sha256(plaintext)];
      const context = [Buffer.from('skykey/file/v1'), ...place];
      const scheme = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');
      const material = expand(unhex(input.key), Buffer.concat([scheme, salt, ...context]), 76);
      const parts = [salt, material.subarray(44)];
      for (let i = 0; i <= Math.floor(plaintext.length / 16_384); i++) {
        const chunk = plaintext.subarray(16_384 * i, 16_384 * (i + 1));
        parts.push(gcm(material.subarray(0, 32), counted(material.subarray(32, 44), i), Buffer.alloc(0), chunk));
      }
      assert.deepEqual(output.encrypted, briefly(Buffer.concat(parts)), file);
    }
  });

  test('calls: rings, pads of speech, and what they cover', () => {
    const rings = { voice: { hybrid: 1, sealed: 3 }, video: { hybrid: 2 } } as Record<string, Record<string, number>>;
    const calls = vectors('media/write-call', true);
    assert.ok(calls.length >= 5);
    for (const { name: file, input, output } of calls) {
      const { id, body } = input;
      const type = ['ring', 'accept', 'end', 'signal'].indexOf(body.type) + 1;
      const rest =
        body.type === 'ring'
          ? Buffer.of(rings[body.kind]![body.sealing]!)
          : body.type === 'end'
            ? long(Buffer.from(body.reason))
            : Buffer.alloc(0);
      assert.equal(output.bytes, Buffer.concat([unhex(id), Buffer.of(type), rest]).toString('hex'), file);
    }
    const told = vectors('media/write-pad', true);
    assert.ok(told.length >= 3);
    for (const { name: file, input, output } of told) {
      const { id, body } = input;
      const type = ['offer', 'have', 'lost'].indexOf(body.type) + 1;
      const ids = ((body.keyIds ?? []) as string[]).map((keyId) => uuid(keyId));
      const bytes = Buffer.concat([unhex(id), Buffer.of(type), integer(body.block, 4), ...ids]);
      assert.equal(output.bytes, bytes.toString('hex'), file);
    }
    const slotOf = (pad: string, slot: number) => unhex(pad).subarray(80 * slot, 80 * slot + 80);
    const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ b[i]!));
    const speech = vectors('media/seal-speech', true);
    assert.ok(speech.length >= 3);
    for (const { name: file, input, output } of speech) {
      const frame = unhex(input.plaintext);
      const filled = Buffer.concat([Buffer.of(frame.length), frame, Buffer.alloc(79 - frame.length)]);
      const index = integer(50 * input.block + input.before, 4);
      const covered = Buffer.concat([index, xor(filled, slotOf(input.pad, input.before))]);
      assert.equal(output.covered, covered.toString('hex'), file);
      assert.equal(output.frame, sframe({ ...input, before: 0, plaintext: output.covered }), file);
    }
    const opened = vectors('media/open-speech', true).filter(({ output }) => output.plaintext !== undefined);
    assert.ok(opened.length >= 3);
    for (const { name: file, input, output } of opened) {
      const covered = unhex(input.covered.at(-1));
      const filled = xor(covered.subarray(4), slotOf(input.pad, covered.readUInt32BE(0) - 50 * input.block));
      assert.equal(output.plaintext, filled.subarray(1, 1 + filled[0]!).toString('hex'), file);
    }
  });

  test('media keys and frames', () => {
    const derived = vectors('media/base-key', true);
    assert.ok(derived.length >= 5);
    for (const { name: file, input, output } of derived) {
      const stream = input.stream === 'audio' ? 0 : 1;
      const context = Buffer.concat([
        ...[
          name('skykey/media/2 base key'),
          lp('call', unhex(input.callId)),
          lp('direction', Buffer.of(input.direction)),
        ],
        ...[lp('stream', Buffer.of(stream)), lp('epoch', integer(input.mediaEpoch, 4))],
      ]);
      const media = expand(unhex(input.epoch), label(`media ${input.direction}`), 32);
      const baseKey = expand(media, Buffer.concat([label('media base key'), context]), 32).toString('hex');
      const kid = `${input.mediaEpoch * 4 + stream}`;
      assert.deepEqual(output, { context: context.toString('hex'), kid, baseKey }, file);
    }
    const sealed = vectors('media/seal', true);
    assert.ok(sealed.length >= 3);
    for (const { name: file, input, output } of sealed) assert.equal(output.frame, sframe(input), file);
  });
});
