import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { Vault } from '@skykey/vault';
import { relayBlockId, relayCuts } from './confirm.ts';
import { acceptRelay, announceRelay, settleRelay } from './relay.ts';
import { code, hex, keysOf, labels, Network, pattern, type Site } from './test/sites.ts';

const A = 'micius-beijing';
const B = 'micius-moscow';

/** The satellite over two stations that share key with it, and not with each other. */
class Sky extends Network {
  satellite: Vault;

  constructor(t: { after: (done: () => void) => void }, bytes: { a: number; b: number } = { a: 8_000, b: 10_000 }) {
    super(t, { keyBytes: 0 });
    this.satellite = this.#open();
    t.after(() => this.satellite.close());
    this.pass(A, this.beijing, bytes.a);
    this.pass(B, this.moscow, bytes.b);
  }

  #open(): Vault {
    return Vault.open({ path: join(this.folder, 'satellite.db'), now: () => this.nowMs });
  }

  crash(): void {
    this.satellite.close();
    this.satellite = this.#open();
  }

  #passes = 0;

  /** A pass has given the same block to both parties of a link. */
  pass(link: string, station: Site, bytes: number): void {
    this.#passes++;
    for (const vault of [this.satellite, station.vault]) {
      vault.hold({
        blockId: `pass ${this.#passes}`,
        labels: { ...labels([link], this.nowMs), route: ['micius', station.siteId] },
        bytes: SecretBytes.adopt(pattern(bytes + 512, this.#passes)),
      });
      vault.release(`pass ${this.#passes}`, [
        { lane: `auth/${link}`, from: 0, to: 512 },
        { lane: `relay/${link}`, from: 512, to: 512 + bytes },
      ]);
    }
  }

  announce(relayId: string): ReturnType<typeof announceRelay> {
    const linkA = { linkId: A, stationId: 'beijing' };
    const linkB = { linkId: B, stationId: 'moscow' };
    return announceRelay({ vault: this.satellite, relayId, satelliteId: 'micius', linkA, linkB, utcMs: this.nowMs });
  }

  accept(station: Site, announcement: Uint8Array): ReturnType<typeof acceptRelay> {
    return acceptRelay({
      vault: station.vault,
      stationId: station.siteId,
      linkId: `micius-${station.siteId}`,
      announcement,
    });
  }

  /** The satellite's outbox goes out; acknowledgements come back. */
  post(): void {
    for (const station of [this.beijing, this.moscow]) {
      for (const { id, body } of this.satellite.outbox.list(`relay/micius-${station.siteId}`)) {
        assert.ok(settleRelay(this.satellite, id, this.accept(station, body).acknowledgement));
      }
    }
  }

  async relayed(relayId: string): Promise<void> {
    assert.ok(this.announce(relayId));
    this.post();
    assert.deepEqual([(await this.beijing.kme.flush()).confirmed, (await this.moscow.kme.flush()).confirmed], [1, 0]);
  }
}

test('from the satellite to an application: the same key at both ends, and nowhere else', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow, satellite } = sky;
  assert.equal(await beijing.count(), 0);
  const record = sky.announce('r1');
  assert.deepEqual(record, {
    relayId: 'r1',
    utcMs: 1_000,
    route: ['beijing', 'micius', 'moscow'],
    bits: 8_000 * 8,
    waiting: [A, B],
  });
  assert.deepEqual([satellite.available(`relay/${A}`), satellite.available(`relay/${B}`)], [0, 2_000]);
  sky.post();
  assert.deepEqual((satellite.recall('relay/r1') as { waiting: string[] }).waiting, []);
  assert.deepEqual(satellite.outbox.list(), []);
  assert.deepEqual([beijing.vault.held(), moscow.vault.held()], [['relay:r1'], ['relay:r1']]);
  const shared = beijing.vault.readHeld('relay:r1');
  assert.ok(shared.equals(moscow.vault.readHeld('relay:r1')));
  assert.equal(shared.open(hex), hex(pattern(8_512, 1).subarray(512)), 'it is the key of link a');

  assert.equal(await beijing.count(), 0, 'nothing is used before it is confirmed');
  assert.equal((await moscow.kme.flush()).confirmed, 0, 'station b waits for the question');
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  assert.deepEqual([beijing.vault.held(), moscow.vault.held()], [[], []]);
  const sent = await beijing.keys(3);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  const back = await moscow.keys(2);
  assert.deepEqual(keysOf(await beijing.fetch(back.map(({ key_ID }) => key_ID))), back);
  const { labels: joined } = beijing.vault.block('relay:r1')!;
  assert.deepEqual(
    [joined.originLinks, joined.route, joined.epsSec, joined.simulated],
    [[A, B], ['beijing', 'micius', 'moscow'], 2e-9, true],
  );

  satellite.scrub();
  const file = readFileSync(join(sky.folder, 'satellite.db'));
  for (let at = 512; at < 8_000; at += 64) {
    for (const seed of [1, 2])
      assert.equal(file.indexOf(pattern(8_512, seed).subarray(at, at + 16)), -1, `link ${seed}, byte ${at}`);
  }
});

test('the cut: confirmation bytes are used for nothing else, all parts are whole pads and do not overlap', () => {
  for (const bytes of [2_048, 2_112, 8_000 - (8_000 % 64), 1 << 20]) {
    const cuts = relayCuts(bytes, 'a', 'b');
    assert.deepEqual(
      cuts.map(({ lane }) => lane),
      ['auth/a>b', 'auth/b>a', 'kme/a>b', 'kme/b>a'],
    );
    let at = 48;
    for (const { from, to } of cuts) {
      assert.equal(from, at);
      assert.equal((to - from) % 16, 0);
      at = to;
    }
    assert.ok(at <= bytes && bytes - at < 32 + 32);
    const [ab, ba, keys, back] = cuts.map(({ from, to }) => to - from);
    assert.deepEqual([ab, keys], [ba, back]);
    assert.ok(ab! >= 16 + 4 * 16, 'enough for a hash point and some pads');
  }
});

test('later relays go behind earlier ones, and the hash point stays', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow } = sky;
  await sky.relayed('r1');
  const point = beijing.vault.pads('auth/beijing>moscow').point().open(hex);
  sky.pass(A, beijing, 4_000);
  sky.pass(B, moscow, 4_000);
  await sky.relayed('r2');
  assert.equal(moscow.vault.pads('auth/beijing>moscow').point().open(hex), point);
  for (const lane of ['kme/beijing>moscow', 'kme/moscow>beijing', 'auth/beijing>moscow', 'auth/moscow>beijing']) {
    assert.equal(beijing.vault.length(lane), moscow.vault.length(lane));
  }
  const sent = await beijing.keys(128);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
});

test('an announcement with any bit flipped is refused, changes nothing, and the true one is accepted', (t) => {
  const sky = new Sky(t, { a: 2_048, b: 2_048 });
  sky.announce('r1');
  const { beijing, moscow } = sky;
  for (const [station, link] of [
    [beijing, A],
    [moscow, B],
  ] as const) {
    const [entry] = sky.satellite.outbox.list(`relay/${link}`);
    const before = [station.vault.available(`relay/${link}`), station.vault.available(`auth/${link}`)];
    const bits = entry!.body.length * 8;
    for (let bit = 0; bit < bits; bit += bit < 1_600 || bit > bits - 300 ? 1 : 97) {
      const changed = entry!.body.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => sky.accept(station, changed), /kme|KmeError/, `bit ${bit}`);
    }
    assert.deepEqual([station.vault.available(`relay/${link}`), station.vault.available(`auth/${link}`)], before);
    assert.deepEqual(station.vault.held(), []);
    assert.equal(sky.accept(station, entry!.body).news, 'held');
  }
});

test('a replayed announcement changes nothing and is acknowledged again, also after a crash', (t) => {
  const sky = new Sky(t);
  sky.announce('r1');
  const { moscow } = sky;
  const [{ body }] = sky.satellite.outbox.list(`relay/${B}`) as unknown as [{ body: Uint8Array }];
  const first = sky.accept(moscow, body);
  const after = [moscow.vault.available(`relay/${B}`), moscow.vault.available(`auth/${B}`)];
  moscow.crash();
  const second = sky.accept(moscow, body);
  assert.deepEqual([second.news, second.acknowledgement], ['known', first.acknowledgement]);
  assert.deepEqual([moscow.vault.available(`relay/${B}`), moscow.vault.available(`auth/${B}`)], after);
  const forged = body.slice();
  forged[forged.length - 1]! ^= 1;
  assert.throws(() => sky.accept(moscow, forged), code('kme/forged'));
});

test('an announcement for the other station, or on another link, is refused', (t) => {
  const sky = new Sky(t);
  sky.announce('r1');
  const [{ body: forA }] = sky.satellite.outbox.list(`relay/${A}`) as unknown as [{ body: Uint8Array }];
  assert.throws(() => sky.accept(sky.moscow, forA), code('kme/not-for-us'));
  const asB = { vault: sky.beijing.vault, stationId: 'delhi', linkId: A, announcement: forA };
  assert.throws(() => acceptRelay(asB), code('kme/not-for-us'));
  for (const announcement of [
    new Uint8Array(0),
    new Uint8Array(15),
    new Uint8Array(500),
    forA.slice(0, -1),
    forA.slice(1),
  ]) {
    assert.throws(() => acceptRelay({ ...asB, announcement }), code('kme/malformed'));
  }
});

test('killed at any moment, the satellite has either not begun or the announcements are on their way', (t) => {
  const sky = new Sky(t);
  const add = sky.satellite.outbox.add.bind(sky.satellite.outbox);
  let added = 0;
  sky.satellite.outbox.add = (topic, body) => {
    if (++added === 2) throw new Error('killed here');
    return add(topic, body);
  };
  const before = [sky.satellite.available(`relay/${A}`), sky.satellite.available(`auth/${A}`)];
  assert.throws(() => sky.announce('r1'), /killed here/);
  sky.crash();
  assert.deepEqual([sky.satellite.available(`relay/${A}`), sky.satellite.available(`auth/${A}`)], before);
  assert.deepEqual(sky.satellite.outbox.list(), []);
  assert.equal(sky.satellite.recall('relay/r1'), undefined);
  sky.announce('r1');
  sky.crash();
  assert.equal(sky.satellite.outbox.list().length, 2);
  sky.post();
});

test('an acknowledgement that is not authentic leaves the announcement where it is', (t) => {
  const sky = new Sky(t);
  sky.announce('r1');
  const [entry] = sky.satellite.outbox.list(`relay/${A}`);
  const { acknowledgement } = sky.accept(sky.beijing, entry!.body);
  for (let bit = 0; bit < acknowledgement.length * 8; bit++) {
    const changed = acknowledgement.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(settleRelay(sky.satellite, entry!.id, changed), false);
  }
  assert.equal(settleRelay(sky.satellite, entry!.id + 1, acknowledgement), false);
  assert.equal(settleRelay(sky.satellite, entry!.id, acknowledgement), true);
  assert.equal(settleRelay(sky.satellite, entry!.id, acknowledgement), false);
});

test('too little key waits; too few pads is said', (t) => {
  const sky = new Sky(t, { a: 2_047, b: 9_000 });
  assert.equal(sky.announce('r1'), undefined);
  sky.pass(A, sky.beijing, 64);
  const pads = sky.satellite.pads(`auth/${B}`);
  while (pads.left() > 7) pads.useNext();
  const before = sky.satellite.available(`relay/${A}`);
  assert.throws(() => sky.announce('r1'), code('kme/no-pads'));
  assert.equal(sky.satellite.available(`relay/${A}`), before);
});

test('an announcement before the station has released its block is refused for now', (t) => {
  const sky = new Sky(t, { a: 2_048, b: 2_048 });
  sky.satellite.append(`relay/${A}`, labels([A]), SecretBytes.adopt(pattern(2_048, 77)));
  sky.satellite.append(`relay/${B}`, labels([B]), SecretBytes.adopt(pattern(2_048, 78)));
  sky.announce('r1');
  const [entry] = sky.satellite.outbox.list(`relay/${A}`);
  const pads = sky.beijing.vault.available(`auth/${A}`);
  assert.throws(() => sky.accept(sky.beijing, entry!.body), code('kme/not-yet'));
  assert.equal(sky.beijing.vault.available(`auth/${A}`), pads);
  sky.beijing.vault.append(`relay/${A}`, labels([A]), SecretBytes.adopt(pattern(2_048, 77)));
  assert.equal(sky.accept(sky.beijing, entry!.body).news, 'held');
});

test('an announcement of what an alarm has condemned is acknowledged and not held', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow } = sky;
  sky.announce('r1');
  sky.nowMs = 2_000;
  beijing.kme.raiseAlarm(A, 'tapped');
  const [forA, forB] = sky.satellite.outbox.list();
  const { news, reason, acknowledgement } = sky.accept(beijing, forA!.body);
  assert.deepEqual([news, beijing.vault.held()], ['refused', []]);
  assert.match(reason!, /poisoned/);
  assert.equal(settleRelay(sky.satellite, forA!.id, acknowledgement), true);
  // The key of link b is sound, but it hides key of link a: once this station has heard of the alarm, it refuses, too.
  moscow.vault.poison(A, 'tapped');
  assert.equal(sky.accept(moscow, forB!.body).news, 'refused');
  assert.deepEqual(moscow.vault.held(), []);
});

test('a station that heard of the alarm only after it held the block gives it up', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow } = sky;
  await sky.relayed('r1');
  sky.pass(A, beijing, 4_000);
  sky.pass(B, moscow, 4_000);
  sky.announce('r2');
  sky.post();
  beijing.kme.raiseAlarm(A, 'tapped');
  const report = await beijing.kme.flush();
  assert.deepEqual(report, { confirmed: 0, told: 1, voided: 0, waiting: null });
  await moscow.kme.flush();
  for (const { vault } of [beijing, moscow]) {
    assert.deepEqual([vault.held(), vault.block('relay:r2')?.state], [[], 'discarded']);
    assert.equal(vault.available('kme/beijing>moscow'), 0);
  }
});

test('stations that got different bytes find out before anything is used', async (t) => {
  const sky = new Sky(t);
  sky.announce('r1');
  sky.post();
  const { beijing, moscow } = sky;
  // The block as a lying satellite would have made it: one bit of it is another.
  const different = moscow.vault
    .readHeld('relay:r1')
    .open((bytes) => bytes.map((byte, i) => (i === 5_000 ? byte ^ 4 : byte)));
  const { labels: same } = moscow.vault.block('relay:r1')!;
  const read = moscow.vault.readHeld.bind(moscow.vault);
  moscow.vault.readHeld = (id) => (id === 'relay:r1' ? SecretBytes.adopt(different.slice()) : read(id));
  assert.deepEqual(same.originLinks, [A, B]);
  await beijing.kme.flush();
  for (const { vault } of [beijing, moscow]) {
    assert.deepEqual(
      [vault.held(), vault.block('relay:r1')?.state, vault.length('kme/beijing>moscow')],
      [[], 'discarded', 0],
    );
    assert.deepEqual(
      vault.journal.list().map(({ severity }) => severity),
      ['alarm'],
    );
  }
});

test('a confirmation that is tampered with, lost, or cut off by a crash is repeated until both have released', async (t) => {
  const sky = new Sky(t, { a: 2_048, b: 2_048 });
  const { beijing, moscow } = sky;
  sky.announce('r1');
  const [forA, forB] = sky.satellite.outbox.list();
  sky.accept(beijing, forA!.body);
  assert.equal((await beijing.kme.flush()).confirmed, 0, 'station b has not got it yet');
  sky.accept(moscow, forB!.body);
  // Answers that are garbled are not believed.
  let bits = 1;
  for (let bit = 0; bit < bits; bit += 3) {
    sky.between = async (message, on) => {
      const answer = (await on(message)).slice();
      bits = answer.length * 8;
      answer[bit >> 3]! ^= 1 << (bit & 7);
      // The one bit that makes a refusal of it is a refusal: it can only stop.
      if (answer[4] === 2) answer[4] = 7;
      return answer;
    };
    assert.notEqual(
      (await beijing.kme.flush()).waiting === null && beijing.vault.held().length === 0,
      true,
      `bit ${bit}`,
    );
  }
  assert.ok(bits > 300);
  assert.deepEqual([beijing.vault.held(), moscow.vault.held()], [['relay:r1'], []]);
  moscow.crash();
  beijing.crash();
  sky.mend();
  assert.equal((await beijing.kme.flush()).confirmed, 1);
  const sent = await beijing.keys(2);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  // The question of before, replayed: the answer of before.
  const question = sky.wire.find(({ message }) => message[2] === 0x43)!;
  const answer = await moscow.kme.handlePeer(question.message);
  assert.equal(answer[4], 0);
  const forged = question.message.slice();
  forged[forged.length - 1]! ^= 1;
  assert.equal((await moscow.kme.handlePeer(forged))[4], 2);
  assert.equal(moscow.vault.wasReleased(relayBlockId('r1')), true);
});

test('the question is made once: two questions under one pad would tell the hash point', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow } = sky;
  sky.announce('r1');
  sky.post();
  sky.cut(false);
  await beijing.kme.flush();
  beijing.vault.append('kme/moscow>beijing', labels([]), SecretBytes.adopt(pattern(64, 5)));
  beijing.crash();
  await beijing.kme.flush();
  assert.equal(sky.wire.length, 2);
  assert.deepEqual(sky.wire[0]!.message, sky.wire[1]!.message);
  sky.mend();
  await beijing.kme.flush();
  // The place that was agreed is taken meanwhile: the block is given up rather than put where the peer has other bytes.
  assert.equal(beijing.vault.block('relay:r1')?.state, 'discarded');
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  assert.equal(moscow.vault.wasReleased('relay:r1'), true);
  assert.equal((await moscow.call('GET', 'enc_keys')).status, 503, 'it has keys that the peer has not got');
  sky.pass(A, beijing, 4_000);
  sky.pass(B, moscow, 4_000);
  await sky.relayed('r2');
  for (const [from, to] of [
    [moscow, beijing],
    [beijing, moscow],
  ] as const) {
    const sent = await from.keys(2);
    assert.deepEqual(keysOf(await to.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  }
});

test('after an alarm that only one end could act on, positions agree again with the next relay', async (t) => {
  const sky = new Sky(t);
  const { beijing, moscow } = sky;
  sky.announce('r1');
  sky.post();
  sky.cut(true);
  await beijing.kme.flush();
  assert.deepEqual([beijing.vault.held(), moscow.vault.held()], [['relay:r1'], []], 'released there, not yet here');
  sky.nowMs = 2_000;
  beijing.kme.raiseAlarm(A, 'tapped');
  sky.mend();
  sky.nowMs = 3_000;
  beijing.kme.reopen(A);
  await beijing.kme.flush();
  assert.equal(beijing.vault.length('kme/beijing>moscow'), 0);
  assert.ok(moscow.vault.length('kme/beijing>moscow') > 0);
  sky.nowMs = 4_000;
  sky.satellite.poison(A, 'tapped');
  sky.nowMs = 5_000;
  sky.pass(A, beijing, 4_000);
  sky.pass(B, moscow, 4_000);
  await sky.relayed('r2');
  await beijing.kme.flush();
  assert.deepEqual(moscow.kme.alarms(), [], 'the alarm was told late, and the reopening after it');
  const sent = await beijing.keys(4);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  const back = await moscow.keys(4);
  assert.deepEqual(keysOf(await beijing.fetch(back.map(({ key_ID }) => key_ID))), back);
  for (const lane of ['kme/beijing>moscow', 'kme/moscow>beijing']) {
    assert.equal(beijing.vault.available(lane), moscow.vault.available(lane), lane);
  }
});
