import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { combine, type Secrets, type Transcript } from './combine.ts';

const secret = (fill: number, length = 32): SecretBytes => SecretBytes.adopt(new Uint8Array(length).fill(fill));
const secrets = (): Secrets => ({ qkd: secret(1), mlKem: secret(2), x25519: secret(3) });
const bytes = (...parts: string[]): Uint8Array => Buffer.from(parts.join(''));
const said: Transcript = {
  tunnel: 'wireguard',
  leader: 'gw-a',
  follower: 'gw-b',
  keyIds: ['550e8400-e29b-41d4-a716-446655440000'],
  mlKemPublicKey: bytes('public key'),
  mlKemCiphertext: bytes('ciphertext'),
  leaderPoint: bytes('leader'),
  followerPoint: bytes('follower'),
  channel: bytes('channel'),
  round: 7,
};
const hex = (key: SecretBytes): string => key.open((of) => Buffer.from(of).toString('hex'));

/** The same by hand: RFC 5869, one block of output, from HMAC alone. */
function byHand(purpose: string, direction: string): string {
  const u32 = (value: number): Buffer =>
    Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((b) => b & 255));
  const field = (part: Uint8Array | string): Buffer => Buffer.concat([u32(part.length), Buffer.from(part)]);
  const transcript = createHash('sha384')
    .update(
      Buffer.concat(
        [
          'skykey-agent/1',
          said.tunnel,
          said.channel,
          u32(said.round),
          said.leader,
          said.follower,
          u32(1),
          said.keyIds[0]!,
          said.mlKemPublicKey,
          said.mlKemCiphertext,
          said.leaderPoint,
          said.followerPoint,
        ].map(field),
      ),
    )
    .digest();
  const input = Buffer.concat([1, 2, 3].map((fill) => field(new Uint8Array(32).fill(fill))));
  const info = Buffer.concat(
    [purpose, direction, said.leader, said.follower, u32(1), said.keyIds[0]!, transcript].map(field),
  );
  const extracted = createHmac('sha384', 'skykey-agent/1').update(input).digest();
  return createHmac('sha384', extracted)
    .update(Buffer.concat([info, Buffer.from([1])]))
    .digest()
    .subarray(0, 32)
    .toString('hex');
}

describe('combine', () => {
  it('is HKDF-SHA-384 over the three secrets, with everything that was said in its info', () => {
    const { tunnelKey, leaderTags, followerTags } = combine(secrets(), said);
    assert.equal(hex(tunnelKey), byHand('tunnel key', 'both'));
    assert.equal(hex(leaderTags), byHand('confirmation', 'leader to follower'));
    assert.equal(hex(followerTags), byHand('confirmation', 'follower to leader'));
  });

  it('gives another key for any other secret and any other word', () => {
    const keys = new Set([hex(combine(secrets(), said).tunnelKey)]);
    for (const name of ['qkd', 'mlKem', 'x25519'] as const) {
      keys.add(hex(combine({ ...secrets(), [name]: secret(9) }, said).tunnelKey));
    }
    const others: Partial<Transcript>[] = [
      { tunnel: 'ipsec' },
      { leader: 'gw-b', follower: 'gw-a' },
      { keyIds: ['6ba7b810-9dad-41d1-80b4-00c04fd430c8'] },
      { mlKemPublicKey: bytes('other') },
      { mlKemCiphertext: bytes('other') },
      { leaderPoint: bytes('other') },
      { followerPoint: bytes('other') },
      { channel: bytes('other') },
      { round: 8 },
      // The same letters, cut elsewhere.
      { leader: 'gw-ag', follower: 'w-b' },
      { mlKemPublicKey: bytes('public keyc'), mlKemCiphertext: bytes('iphertext') },
    ];
    for (const other of others) keys.add(hex(combine(secrets(), { ...said, ...other }).tunnelKey));
    assert.equal(keys.size, 1 + 3 + others.length);
  });

  it('combines nothing when a secret is empty, short, long, or zero', () => {
    for (const name of ['qkd', 'mlKem', 'x25519'] as const) {
      for (const bad of [secret(1, 0), secret(1, 31), secret(1, 33), secret(0)]) {
        assert.throws(() => combine({ ...secrets(), [name]: bad }, said), { code: 'agent/exchange' });
      }
    }
    assert.throws(() => combine(secrets(), { ...said, keyIds: [] }), { code: 'agent/exchange' });
  });
});
