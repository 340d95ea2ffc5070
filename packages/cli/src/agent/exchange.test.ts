import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { type Agreed, accept, Offer, type Setting, type Step } from './exchange.ts';

const keyId = '550e8400-e29b-41d4-a716-446655440000';
const setting: Setting = { tunnel: 'ipsec', leader: 'gw-a', follower: 'gw-b', channel: new Uint8Array(32), round: 1 };
const qkd = (fill = 5): SecretBytes => SecretBytes.adopt(new Uint8Array(32).fill(fill));

function agree(theirs: Partial<{ setting: Setting; qkd: SecretBytes }> = {}): { leader: Agreed; follower: Agreed } {
  const offer = new Offer(setting, { keyId, qkd: qkd() });
  const { acceptance, agreed } = accept(theirs.setting ?? setting, offer.proposal, theirs.qkd ?? qkd());
  return { leader: offer.agree(acceptance), follower: agreed };
}

const STEPS: readonly Step[] = ['accept', 'confirm', 'installed', 'live', 'works'];

describe('exchange', () => {
  it('brings both to the same key, and each to the other’s tags', () => {
    const { leader, follower } = agree();
    assert.ok(leader.tunnelKey.equals(follower.tunnelKey));
    for (const step of STEPS) {
      leader.check(step, 'content', follower.tag(step, 'content'));
      follower.check(step, 'content', leader.tag(step, 'content'));
    }
    assert.ok(!agree().leader.tunnelKey.equals(leader.tunnelKey), 'fresh each time, with the same key of the KME');
  });

  it('takes no tag of another step, content, round, direction or key', () => {
    const { leader, follower } = agree();
    const tags = new Set(STEPS.map((step) => Buffer.from(leader.tag(step, '')).toString('hex')));
    assert.equal(tags.size, STEPS.length);
    const wrong = (tag: Uint8Array): void =>
      assert.throws(() => leader.check('accept', '', tag), { code: 'agent/exchange' });
    wrong(follower.tag('works', ''));
    wrong(follower.tag('accept', 'x'));
    wrong(new Uint8Array());
    wrong(agree().follower.tag('accept', ''));
    for (const other of [
      { setting: { ...setting, round: 2 } },
      { setting: { ...setting, channel: new Uint8Array(32).fill(1) } },
      { setting: { ...setting, leader: 'gw-b', follower: 'gw-a' } },
      { setting: { ...setting, tunnel: 'wireguard' as const } },
      { qkd: qkd(6) },
    ]) {
      const apart = agree(other);
      assert.throws(
        () => apart.leader.check('accept', '', apart.follower.tag('accept', '')),
        /another one, or somebody stands between/,
      );
    }
  });

  it('refuses shares that are none, and one of low order', () => {
    const offer = new Offer(setting, { keyId, qkd: qkd() });
    const { acceptance } = accept(setting, offer.proposal, qkd());
    const refused = { code: 'agent/exchange' };
    assert.throws(() => offer.agree({ ...acceptance, mlKemCiphertext: new Uint8Array() }), refused);
    assert.throws(() => offer.agree({ ...acceptance, point: new Uint8Array(44) }), refused);
    assert.throws(() => accept(setting, { ...offer.proposal, mlKemPublicKey: acceptance.point }, qkd()), refused);
    assert.throws(() => accept(setting, { ...offer.proposal, mlKemPublicKey: new Uint8Array(1590) }, qkd()), refused);
    const zero = new Uint8Array(acceptance.point);
    zero.fill(0, 12);
    assert.throws(() => offer.agree({ ...acceptance, point: zero }), refused);
    // A wrong ciphertext of the right length gives another secret (FIPS 203, implicit rejection), which the tags tell.
    const other = offer.agree({ ...acceptance, mlKemCiphertext: new Uint8Array(1568) });
    const right = offer.agree(acceptance);
    assert.ok(!other.tunnelKey.equals(right.tunnelKey));
  });

  it('leaves no key behind', () => {
    const key = qkd();
    const { agreed } = accept(setting, new Offer(setting, { keyId, qkd: qkd() }).proposal, key);
    assert.throws(() => key.open(() => 0), /used and overwritten/);
    agreed.wipe();
    assert.throws(() => agreed.tag('works', ''), /used and overwritten/);
  });
});
