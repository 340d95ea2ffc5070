import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import { KeyRefusal } from '../service.ts';
import { checkPeer } from './ports.ts';
import { timeoutProblem } from './problem.ts';
import { type Fault, keyId, Room, send } from './test/room.ts';

const CALLBACK = 'https://kme-x:8443/kmapi/v1/ext_keys/ack';
const VALUE = 'wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s=';
const transfer = (more: object = {}): string =>
  JSON.stringify({
    keys: [{ key_id: keyId(1), value: VALUE }],
    initiator_sae_id: 'alice',
    target_sae_ids: ['bob'],
    ack_callback_url: CALLBACK,
    ...more,
  });
const voiding = (more: object = {}): string =>
  JSON.stringify({
    key_ids: [keyId(1)],
    initiator_sae_id: 'alice',
    target_sae_ids: ['bob'],
    ack_callback_url: CALLBACK,
    ...more,
  });
const [EXT, VOID] = ['/kmapi/v1/ext_keys', '/kmapi/v1/ext_keys/void'];
const details = (answer: { body: string }): string[] => Object.keys(JSON.parse(answer.body).details);
const acks = (room: Room): [string, string[]][] =>
  room.calls
    .filter(({ url }) => url === CALLBACK)
    .flatMap(({ body }) => JSON.parse(body))
    .map((ack) => [ack.ack_status, ack.key_id_container.map((entry: { key_id: string }) => entry.key_id)]);

describe('keys that come in', () => {
  it('are durable before 202, acknowledged when every target can fetch them, and fetched once', async () => {
    const room = new Room();
    room.y.imports.fate = 'pending';
    assert.equal((await room.post('kme-x', EXT, transfer())).status, 202);
    assert.ok(room.y.imports.keys.has(keyId(1)));
    await room.pass();
    assert.deepEqual(acks(room), []);
    // X does not know this key, since nobody offered it there: it is asked to find out by 400, and Y burns the key.
    room.y.imports.keys.get(keyId(1))!.fate = 'relayed';
    await room.pass();
    assert.deepEqual(acks(room), [['relayed', [keyId(1)]]]);
    assert.equal(room.y.imports.fetch(keyId(1)), undefined);
    assert.match(room.y.notes.join(), /refuses the acknowledgement/);
  });

  it('synchronous mode: settled in the answer, and what is not there at once has failed and is burned', async () => {
    const room = new Room();
    const both = transfer({
      keys: [
        { key_id: keyId(1), value: VALUE },
        { key_id: keyId(2).toUpperCase(), value: VALUE },
      ],
      ack_callback_url: undefined,
    });
    const settle = room.y.imports.settle.bind(room.y.imports);
    room.y.imports.settle = async (from, ids) => (await settle(from, ids)).map((fate, i) => (i ? 'pending' : fate));
    const answer = await room.post('kme-x', EXT, both);
    assert.equal(answer.status, 200);
    assert.deepEqual(
      JSON.parse(answer.body).map((ack: { ack_status: string; key_id_container: object[] }) => [
        ack.ack_status,
        ack.key_id_container,
      ]),
      [
        ['relayed', [{ key_id: keyId(1) }]],
        ['failed', [{ key_id: keyId(2) }]],
      ],
    );
    assert.equal(room.y.imports.fetch(keyId(2)), undefined);
    assert.match(room.y.imports.fetch(keyId(1)) ?? '', /^c071d5c5/);
  });

  it('an identical retry changes nothing; other material or another association under a known id is refused', async () => {
    const room = new Room({ synchronous: true });
    const [first, again] = [await room.post('kme-x', EXT, transfer()), await room.post('kme-x', EXT, transfer())];
    assert.deepEqual([first.status, again.status], [202, 202]);
    assert.equal(room.y.imports.keys.size, 1);
    const other = transfer({ keys: [{ key_id: keyId(1), value: `A${VALUE.slice(1)}` }] });
    const conflict = await room.post('kme-x', EXT, other);
    // 503, since 400 would say that nothing is kept here under this id.
    assert.equal(conflict.status, 503);
    assert.deepEqual(details(conflict), ['key_id_conflict']);
    assert.equal((await room.post('kme-x', EXT, transfer({ target_sae_ids: ['carol'] }))).status, 503);
    assert.match(room.y.imports.fetch(keyId(1)) ?? '', /^c071d5c5/);
    assert.equal((await room.post('kme-x', EXT, transfer())).status, 202);
    assert.equal(room.y.imports.fetch(keyId(1)), undefined, 'a retry revives nothing');
  });

  it('a void buries ids that are not known yet: a late transfer revives nothing', async () => {
    const room = new Room();
    const sync = { ack_callback_url: undefined };
    const first = await room.post('kme-x', VOID, voiding(sync));
    assert.equal(first.status, 200);
    assert.equal(JSON.parse(first.body)[0].ack_status, 'key not present');
    const late = await room.post('kme-x', EXT, transfer(sync));
    assert.equal(JSON.parse(late.body)[0].ack_status, 'failed');
    assert.equal(room.y.imports.keys.size, 0);
    room.restart('y');
    assert.equal(JSON.parse((await room.post('kme-x', EXT, transfer(sync))).body)[0].ack_status, 'failed');
    room.nowMs += 31 * 24 * 3_600_000;
    await room.y.kms.sweep();
    assert.equal(room.y.notebook.pages.size, 0);
  });

  it('a void that crosses the transfer wins, whichever is first', async () => {
    for (const first of ['void', 'hold']) {
      const room = new Room();
      const hold = room.y.imports.hold.bind(room.y.imports);
      room.y.imports.hold = async (keys) => {
        // While the transfer is between two of its steps, the void comes and goes.
        if (first === 'void') await room.post('kme-x', VOID, voiding());
        await hold(keys);
        if (first === 'hold') await room.post('kme-x', VOID, voiding());
      };
      assert.equal((await room.post('kme-x', EXT, transfer())).status, 202);
      assert.equal(room.y.imports.fetch(keyId(1)), undefined, first);
      await room.pass();
      assert.ok(acks(room).some(([status]) => status === 'failed'));
      assert.ok(!acks(room).some(([status]) => status === 'relayed'));
    }
  });

  it('a void before the key is with its targets ends the wait; one that fails there is burned here', async () => {
    const room = new Room();
    room.y.imports.fate = 'pending';
    await room.post('kme-x', EXT, transfer());
    assert.equal((await room.post('kme-x', VOID, voiding({ ack_callback_url: undefined }))).status, 200);
    // Even if the network had carried it to its target meanwhile.
    room.y.imports.keys.get(keyId(1))!.fate = 'relayed';
    room.y.imports.fate = 'failed';
    await room.post('kme-x', EXT, transfer({ keys: [{ key_id: keyId(2), value: VALUE }] }));
    assert.ok(room.y.imports.keys.get(keyId(2))?.bytes);
    await room.pass();
    assert.deepEqual(acks(room), [['failed', [keyId(2)]]]);
    assert.equal(room.y.imports.keys.get(keyId(2))?.bytes, undefined);
  });

  it('what has failed stays failed, even when the store has forgotten it, and its id belongs to its association', async () => {
    const room = new Room();
    room.y.imports.fate = 'failed';
    const sync = { ack_callback_url: undefined };
    const status = async (): Promise<string> =>
      JSON.parse((await room.post('kme-x', EXT, transfer(sync))).body)[0].ack_status;
    assert.equal(await status(), 'failed');
    room.y.imports.keys.clear();
    room.y.imports.fate = 'relayed';
    assert.equal(await status(), 'failed');
    assert.equal(room.y.imports.keys.size, 0);
    assert.equal((await room.post('kme-x', EXT, transfer({ ...sync, target_sae_ids: ['carol'] }))).status, 503);
  });

  it('the body of a request is overwritten, whatever becomes of it', async () => {
    const room = new Room();
    for (const text of [transfer(), '{"keys":', transfer({ initiator_sae_id: 'mallory' })]) {
      const body = new TextEncoder().encode(text);
      const request = { caller: 'kme-x', method: 'POST', path: EXT, query: new URLSearchParams(), headers: {}, body };
      await room.y.kms.handle(request);
      assert.ok(body.every((byte) => byte === 0));
    }
  });

  it('a peer that does not hear is asked again after a while, not at once', async () => {
    const room = new Room();
    room.fault = () => 'lost';
    await room.post('kme-x', EXT, transfer());
    for (let i = 0; i < 10; i++) await room.pass(i ? 0 : 1_000);
    assert.equal(room.calls.length, 1);
    await room.pass(1_000);
    for (let i = 0; i < 10; i++) await room.pass(100);
    assert.equal(room.calls.length, 2);
  });

  it('voids: burned, already fetched, all of a pair only when confirmed, nothing of another pair', async () => {
    const room = new Room();
    const sync = { ack_callback_url: undefined };
    const three = [1, 2, 3].map((n) => ({ key_id: keyId(n), value: VALUE }));
    await room.post('kme-x', EXT, transfer({ ...sync, keys: three }));
    assert.ok(room.y.imports.fetch(keyId(2)));
    const status = async (body: string): Promise<unknown[]> =>
      JSON.parse((await room.post('kme-x', VOID, body)).body).map(
        (ack: { ack_status: string; key_id_container: { key_id: string }[] }) => [
          ack.ack_status,
          ack.key_id_container.map(({ key_id }) => key_id),
        ],
      );
    assert.deepEqual(await status(voiding({ ...sync, target_sae_ids: ['carol'] })), [['key not present', [keyId(1)]]]);
    assert.deepEqual(await status(voiding({ ...sync, key_ids: [keyId(1), keyId(2)] })), [
      ['voided', [keyId(1)]],
      ['failed to void', [keyId(2)]],
    ]);
    for (const all_confirmation of [undefined, false]) {
      const refused = await room.post('kme-x', VOID, voiding({ key_ids: [], all_confirmation }));
      assert.equal(refused.status, 400);
      assert.deepEqual(details(refused), ['no_all_confirmation', 'no_key_ids_or_confirmation']);
    }
    assert.ok(room.y.imports.keys.get(keyId(3))?.bytes);
    const all = voiding({ ...sync, key_ids: [], all_confirmation: true });
    assert.deepEqual(await status(all), [['voided', [keyId(3)]]]);
    assert.deepEqual(await status(all), [['voided', []]]);
  });

  it('the empty void of all is acknowledged, too', async () => {
    const room = new Room();
    assert.equal((await room.post('kme-x', VOID, voiding({ key_ids: [], all_confirmation: true }))).status, 202);
    await room.pass();
    assert.deepEqual(acks(room), [['voided', []]]);
    await room.pass();
    assert.equal(acks(room).length, 1, 'heard once is enough');
  });

  it('extensions: unknown mandatory ones are 503 by name, optional ones go along unchanged', async () => {
    const room = new Room();
    const refused = await room.post('kme-x', EXT, transfer({ extension_mandatory: { E32473_a: 1, E32473_b: {} } }));
    assert.equal(refused.status, 503);
    assert.match(JSON.parse(refused.body).details.unsupported_mandatory_extension, /E32473_a, E32473_b/);
    assert.equal(room.y.imports.keys.size, 0);
    const optional = { E32473_x: { deep: [1, 'two', null] } };
    const keys = [{ key_id: keyId(1), value: VALUE, extension: { E32473_y: true } }];
    await room.post('kme-x', EXT, transfer({ keys, extension_optional: optional }));
    const held = room.y.imports.keys.get(keyId(1))!;
    assert.deepEqual(JSON.parse(JSON.stringify([held.optional, held.extension])), [optional, { E32473_y: true }]);
  });

  it('a callback goes to the configured address and nowhere else', async () => {
    const room = new Room();
    for (const url of [
      'https://kme-x:8443/kmapi/v1/ext_keys/ack?x',
      'https://KME-X:8443/kmapi/v1/ext_keys/ack',
      'https://169.254.169.254/latest/meta-data',
      'http://kme-x:8443/kmapi/v1/ext_keys/ack',
      `https://${'a'.repeat(2000)}`,
    ]) {
      const answer = await room.post('kme-x', EXT, transfer({ ack_callback_url: url }));
      assert.equal(answer.status, 400, url);
    }
    await room.pass();
    assert.deepEqual(room.calls, []);
    assert.equal(room.y.imports.keys.size, 0);
  });

  it('who may not is 401; what has no way is a routing error; what cannot be kept is 503', async () => {
    const room = new Room();
    for (const caller of [null, 'kme-z', '__proto__'])
      assert.equal((await room.post(caller, EXT, transfer())).status, 401);
    assert.equal((await room.post('kme-x', EXT, transfer({ initiator_sae_id: 'mallory' }))).status, 401);
    assert.equal((await room.post('kme-x', VOID, voiding({ initiator_sae_id: 'mallory' }))).status, 401);
    for (const [admission, status] of [
      ['unauthorized', 401],
      ['unknown-target', 400],
      ['pass-back', 400],
      ['no-route', 503],
      ['too-many-targets', 503],
    ] as const) {
      room.y.imports.admission = admission;
      assert.equal((await room.post('kme-x', EXT, transfer())).status, status, admission);
    }
    room.y.imports.admission = 'welcome';
    room.y.imports.refusal = new KeyRefusal('short', 'no pads', 7);
    const short = await send(room.y.kms, 'kme-x', 'POST', EXT, transfer());
    assert.deepEqual([short.status, short.headers['Retry-After']], [503, '7']);
    assert.match(short.body, /insufficient-key-material/);
    room.y.imports.refusal = new KeyRefusal('unauthorized', 'too late for 401');
    assert.equal((await room.post('kme-x', EXT, transfer())).status, 503);
    assert.equal(room.y.notebook.pages.size, 0);
    assert.equal((await room.post('kme-x', '/kmapi/v2/ext_keys', '')).status, 404);
    assert.equal((await send(room.y.kms, 'kme-x', 'GET', EXT)).status, 405);
    assert.equal(timeoutProblem().status, 408);
  });

  it('without the synchronous mode a request without a callback is incomplete', async () => {
    const room = new Room({ synchronous: false });
    assert.equal((await room.post('kme-x', EXT, transfer({ ack_callback_url: undefined }))).status, 400);
    const versions = await send(room.y.kms, 'kme-x', 'GET', '/kmapi/versions');
    assert.deepEqual(JSON.parse(versions.body), { versions: ['v1'], capabilities: [] });
  });

  it('a store that fails is 503, and never 400 or 401', async () => {
    const room = new Room();
    room.y.notebook.left = 0;
    const answer = await room.post('kme-x', EXT, transfer());
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.body, /plug/);
  });
});

describe('keys that go out', () => {
  const offer = async (room: Room, n: number, targets = ['bob']): Promise<void> => {
    room.x.exports.add(
      keyId(n),
      Uint8Array.from({ length: 32 }, (_, i) => i + n),
    );
    await room.x.kms.to('kme-y')!.offer({ keyIds: [keyId(n)], initiator: 'alice', targets });
  };
  const state = (room: Room, n: number) => room.x.kms.to('kme-y')!.state(keyId(n));

  it('are released when relayed for all targets, and are the same at both ends', async () => {
    const room = new Room();
    await offer(room, 1, ['bob', 'carol']);
    assert.equal(await state(room, 1), 'offered');
    assert.equal(room.x.exports.fetch(keyId(1)), undefined);
    await room.pass();
    await room.pass();
    assert.equal(await state(room, 1), 'released');
    const key = room.x.exports.fetch(keyId(1));
    assert.ok(key);
    assert.equal(room.y.imports.fetch(keyId(1)), key);
  });

  it('a partial acknowledgement does not release', async () => {
    const room = new Room();
    room.y.imports.fate = 'pending';
    await offer(room, 1, ['bob', 'carol']);
    await room.pass();
    const sender = room.x.kms.to('kme-y')!;
    const ack = { keyIds: [keyId(1)], status: 'relayed', initiator: 'alice' } as const;
    await sender.acknowledge([{ ...ack, targets: ['bob'] }]);
    await room.pass();
    assert.equal(await state(room, 1), 'accepted');
    await sender.acknowledge([{ ...ack, targets: ['carol'] }]);
    await room.pass();
    assert.equal(await state(room, 1), 'released');
    await assert.rejects(sender.acknowledge([{ ...ack, targets: ['dave'] }]), { name: 'Problem' });
    await assert.rejects(sender.acknowledge([{ ...ack, initiator: 'eve', targets: ['bob'] }]), { name: 'Problem' });
    await assert.rejects(sender.acknowledge([{ ...ack, keyIds: [keyId(9)], targets: ['bob'] }]), { name: 'Problem' });
  });

  it('a failure at the far side burns the key at both', async () => {
    const room = new Room();
    room.y.imports.fate = 'failed';
    await offer(room, 1);
    for (let i = 0; i < 4; i++) await room.pass();
    assert.equal(await state(room, 1), 'voided');
    assert.equal(room.x.exports.fetch(keyId(1)), undefined);
    assert.equal(room.y.imports.fetch(keyId(1)), undefined);
  });

  it('400 to the first request ends it; 400 after a request with unknown outcome does not: the peer has to void', async () => {
    const room = new Room();
    room.y.imports.admission = 'unknown-target';
    await offer(room, 1);
    await room.pass();
    assert.equal(await state(room, 1), 'refused');
    assert.deepEqual(room.x.exports.voided, [keyId(1)]);

    room.y.imports.admission = 'welcome';
    room.fault = () => 'unanswered';
    await offer(room, 2);
    await room.x.kms.tick();
    assert.ok(room.y.imports.keys.has(keyId(2)), 'it arrived, and nobody here knows');
    room.fault = () => 'none';
    room.y.imports.admission = 'unknown-target';
    for (let i = 0; i < 3; i++) await room.pass(3_000);
    assert.equal(await state(room, 2), 'voided');
    assert.equal(room.y.imports.fetch(keyId(2)), undefined);
  });

  it('without an acknowledgement it is repeated, and given up in time', async () => {
    const room = new Room({ giveUpMs: 120_000 });
    room.y.imports.fate = 'pending';
    await offer(room, 1);
    for (let i = 0; i < 12; i++) await room.pass(10_000);
    assert.ok(room.calls.filter(({ url }) => url.endsWith('/ext_keys')).length >= 3);
    await room.pass();
    await room.pass();
    assert.equal(await state(room, 1), 'voided');
    assert.match(room.x.notes.join(), /has not acknowledged/);
  });

  it('one that is fetched at the far side before the void is told as split, and never given to this side', async () => {
    const room = new Room();
    await offer(room, 1);
    room.fault = () => (room.calls.at(-1)?.url === CALLBACK ? 'lost' : 'none');
    await room.x.kms.tick();
    await room.y.kms.tick();
    assert.ok(room.y.imports.fetch(keyId(1)));
    await room.x.kms.to('kme-y')!.void([keyId(1)]);
    room.fault = () => 'none';
    for (let i = 0; i < 4; i++) await room.pass(5_000);
    assert.equal(await state(room, 1), 'split');
    assert.equal(room.x.exports.fetch(keyId(1)), undefined);
  });

  it('the peer may void what it was sent, and learns when that is too late', async () => {
    const room = new Room();
    for (const n of [1, 2]) await offer(room, n);
    await room.pass();
    await room.pass();
    assert.ok(room.x.exports.fetch(keyId(2)));
    const body = voiding({ key_ids: [keyId(1), keyId(2)], ack_callback_url: undefined });
    const answer = await send(room.x.kms, 'kme-y', 'POST', VOID, body);
    assert.deepEqual(
      JSON.parse(answer.body).map((ack: { ack_status: string }) => ack.ack_status),
      ['voided', 'failed to void'],
    );
    assert.equal(room.x.exports.fetch(keyId(1)), undefined);
  });

  it('a redirect, or any other answer that the standard does not have, is no answer', async () => {
    const room = new Room();
    await offer(room, 1);
    const handle = room.y.kms.handle.bind(room.y.kms);
    room.y.kms.handle = async (request) => {
      await handle(request);
      return { status: 307, headers: { Location: 'https://elsewhere/' } };
    };
    await room.x.kms.tick();
    assert.equal(await state(room, 1), 'offered');
    assert.deepEqual(new Set(room.calls.map(({ url }) => new URL(url).host)), new Set(['kme-y:8443']));
  });

  it('a peer that does not answer holds up no other', async () => {
    const called: string[] = [];
    const peers = ['kme-slow', 'kme-y'].map((kmeId) => ({
      kmeId,
      url: `https://${kmeId}`,
      saes: [`sae of ${kmeId}`.replaceAll(' ', '-')],
    }));
    const room = new Room({
      peers,
      http: (kmeId) => ({
        post: (url) => {
          called.push(url);
          return kmeId === 'kme-slow'
            ? new Promise(() => undefined)
            : Promise.resolve({ status: 202, body: new Uint8Array() });
        },
      }),
    });
    for (const [n, { kmeId, saes }] of peers.entries()) {
      room.x.exports.add(keyId(n), new Uint8Array(32));
      await room.x.kms.to(kmeId)!.offer({ keyIds: [keyId(n)], initiator: 'alice', targets: saes });
    }
    void room.x.kms.tick();
    while ((await room.x.kms.to('kme-y')!.state(keyId(1))) !== 'accepted') await Promise.resolve();
    room.x.exports.add(keyId(2), new Uint8Array(32));
    await room.x.kms.to('kme-y')!.offer({ keyIds: [keyId(2)], initiator: 'alice', targets: peers[1]!.saes });
    while ((await room.x.kms.to('kme-y')!.state(keyId(2))) !== 'accepted') void room.x.kms.tick();
    assert.equal(called.filter((url) => url.startsWith('https://kme-slow')).length, 1);
  });

  it('only for applications of the peer; an offer twice is one; configuration is checked', async () => {
    const room = new Room();
    const sender = room.x.kms.to('kme-y')!;
    await offer(room, 1);
    await offer(room, 1);
    await assert.rejects(sender.offer({ keyIds: [keyId(1)], initiator: 'alice', targets: ['carol'] }), KmeError);
    await assert.rejects(sender.offer({ keyIds: [keyId(2)], initiator: 'alice', targets: ['mallory'] }), KmeError);
    const good = { kmeId: 'k', url: 'https://k:1', saes: ['a'] };
    checkPeer(good);
    for (const bad of [
      { ...good, kmeId: '' },
      { ...good, url: 'http://k:1' },
      { ...good, url: 'https://k:1/path' },
      { ...good, url: 'https://user@k:1' },
      { ...good, callbackUrl: 'https://u:p@k/ack' },
      { ...good, callbackUrl: '/ack' },
      { ...good, saes: ['a b'] },
      { ...good, saes: ['%zz'] },
    ]) {
      assert.throws(() => checkPeer(bad), { code: 'kme/argument' }, JSON.stringify(bad));
    }
  });

  it('an acknowledgement that comes before the answer to the request counts', async () => {
    const room = new Room();
    await offer(room, 1);
    const handle = room.y.kms.handle.bind(room.y.kms);
    room.y.kms.handle = async (request) => {
      const answer = await handle(request);
      await room.y.kms.tick();
      return answer;
    };
    await room.x.kms.tick();
    assert.equal(await state(room, 1), 'relayed');
  });

  it('a key that is voided while it is being packed stays at home; what is sent is overwritten', async () => {
    const bodies: Uint8Array[] = [];
    const http = () => ({
      post: async (_: string, body: Uint8Array) => {
        bodies.push(body);
        return { status: 202, body: new Uint8Array() };
      },
    });
    const room = new Room({ http });
    const lend = room.x.exports.lend.bind(room.x.exports);
    await offer(room, 1);
    await room.x.kms.tick();
    assert.equal(bodies.length, 1);
    assert.ok(bodies[0]!.length > 100 && bodies[0]!.every((byte) => byte === 0));
    room.x.exports.lend = async (ids) => {
      const keys = await lend(ids);
      await room.x.kms.to('kme-y')!.void(ids);
      return keys;
    };
    await offer(room, 2);
    await room.x.kms.tick();
    assert.equal(await state(room, 2), 'voided');
    assert.equal(bodies.length, 1);
    // The first one is repeated: it is voided at the peer instead.
    room.nowMs += 60_000;
    await room.x.kms.tick();
    assert.equal(await state(room, 1), 'voiding');
    assert.equal(bodies.length, 1);
  });

  it('a key that was released and fetched before a crash stays released, even when it is voided afterwards', async () => {
    for (const crash of [false, true]) {
      const room = new Room();
      await offer(room, 1);
      await room.x.kms.tick();
      await room.y.kms.tick();
      // The release is done, and the process ends before it is written.
      room.x.notebook.left = 0;
      await room.x.kms.tick();
      room.restart('x');
      assert.equal(await state(room, 1), 'relayed');
      assert.ok(room.x.exports.fetch(keyId(1)));
      if (crash) room.x.notebook.left = 1;
      await room.x.kms
        .to('kme-y')!
        .void([keyId(1)])
        .catch(() => undefined);
      room.restart('x');
      assert.equal(await state(room, 1), crash ? 'voiding' : 'released');
      for (let i = 0; i < 3; i++) await room.pass();
      assert.equal(await state(room, 1), 'released');
      assert.ok(room.y.imports.fetch(keyId(1)), 'the far side has its copy');
    }
  });

  it('a crash between the two documents of a settled key leaves it settled', async () => {
    const room = new Room();
    await offer(room, 1);
    await room.x.kms.tick();
    await room.y.kms.tick();
    room.x.notebook.left = 1;
    await room.x.kms.tick();
    room.restart('x');
    assert.equal(room.x.notebook.pages.size, 2);
    assert.equal(await state(room, 1), 'released');
    await room.x.kms.to('kme-y')!.void([keyId(1)]);
    assert.equal(await state(room, 1), 'released');
    assert.equal(room.x.notebook.pages.size, 1);
    assert.ok(room.x.exports.fetch(keyId(1)));
  });

  it('the peer may void all that it was sent for a pair, and nothing of another', async () => {
    const room = new Room();
    room.y.imports.fate = 'pending';
    await offer(room, 1);
    await offer(room, 2, ['carol']);
    await room.pass();
    const sync = { ack_callback_url: undefined };
    const ask = async (more: object): Promise<[string, string[]][]> =>
      JSON.parse((await send(room.x.kms, 'kme-y', 'POST', VOID, voiding({ ...sync, ...more }))).body).map(
        (ack: { ack_status: string; key_id_container: { key_id: string }[] }) => [
          ack.ack_status,
          ack.key_id_container.map(({ key_id }) => key_id),
        ],
      );
    assert.deepEqual(await ask({ key_ids: [keyId(2)] }), [['key not present', [keyId(2)]]]);
    assert.equal(await state(room, 2), 'accepted');
    assert.deepEqual(await ask({ key_ids: [], all_confirmation: true }), [['voided', [keyId(1)]]]);
    assert.deepEqual([await state(room, 1), await state(room, 2)], ['voided', 'accepted']);
  });

  it('a key that is lost here after it was sent is voided at the peer; before, it just ends', async () => {
    const room = new Room();
    room.y.imports.fate = 'pending';
    for (const n of [1, 2]) await offer(room, n);
    room.x.exports.waiting.delete(keyId(2));
    await room.x.kms.tick();
    assert.deepEqual([await state(room, 1), await state(room, 2)], ['accepted', 'voided']);
    room.x.exports.waiting.delete(keyId(1));
    await room.pass(60_000);
    assert.equal(await state(room, 1), 'voiding');
    await room.pass();
    await room.pass();
    assert.equal(await state(room, 1), 'voided');
    assert.equal(room.y.imports.keys.get(keyId(1))?.bytes, undefined);
  });

  it('the peer burns of its own accord what was released: whoever has not fetched it shall not', async () => {
    const room = new Room();
    for (const n of [1, 2]) await offer(room, n);
    await room.pass();
    await room.pass();
    assert.ok(room.x.exports.fetch(keyId(2)));
    const ids = [keyId(1), keyId(2)];
    await room.x.kms
      .to('kme-y')!
      .acknowledge([{ keyIds: ids, status: 'voided', initiator: 'alice', targets: ['bob'] }]);
    assert.equal(room.x.exports.fetch(keyId(1)), undefined);
    assert.deepEqual([await state(room, 1), await state(room, 2)], ['voided', 'released']);
  });

  it('a peer that is gone for good is forgotten in the end, and the operator told', async () => {
    const room = new Room({ giveUpMs: 60_000 });
    await offer(room, 1);
    await room.x.kms.tick();
    room.fault = () => 'lost';
    for (let i = 0; i < 100; i++) await room.pass(60_000);
    assert.equal(await state(room, 1), 'voiding');
    room.nowMs += 31 * 24 * 3_600_000;
    for (const site of [room.x, room.y]) await site.kms.sweep();
    assert.equal(await state(room, 1), 'voided');
    assert.match(room.x.notes.join(), /never confirmed/);
    assert.match(room.y.notes.join(), /never told "relayed"/);
    room.nowMs += 31 * 24 * 3_600_000;
    for (const site of [room.x, room.y]) await site.kms.sweep();
    assert.equal(room.x.notebook.pages.size + room.y.notebook.pages.size, 0);
  });

  it('no document ever holds key', async () => {
    const room = new Room();
    room.x.exports.add(keyId(1), Buffer.from(VALUE, 'base64'));
    await room.x.kms.to('kme-y')!.offer({ keyIds: [keyId(1)], initiator: 'alice', targets: ['bob'] });
    const pages: string[] = [];
    for (let i = 0; i < 3; i++) {
      await room.pass();
      pages.push(...room.x.notebook.pages.values(), ...room.y.notebook.pages.values());
    }
    const hex = Buffer.from(VALUE, 'base64').toString('hex');
    assert.ok(pages.length > 3);
    for (const page of pages) assert.ok(!page.includes(VALUE) && !page.includes(hex));
    assert.ok(
      room.calls.some(({ body }) => body.includes(VALUE)),
      'it did travel',
    );
  });
});

describe('crashes and a bad line', () => {
  const fault: fc.Arbitrary<Fault> = fc.constantFrom('none', 'none', 'lost', 'unanswered', 'twice');

  it('whatever happens, no key is at one end only unless it is told, and nothing is fetched twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 4, maxLength: 24 }),
        fc.record({ site: fc.constantFrom('x', 'y'), writes: fc.nat(30) }),
        fc.array(fc.constantFrom('relayed', 'pending', 'failed'), { minLength: 3, maxLength: 3 }),
        fc.array(fc.record({ at: fc.nat(12), what: fc.constantFrom('fetch', 'void') }), { maxLength: 4 }),
        async (faults, crash, fates, deeds) => {
          const room = new Room({ giveUpMs: 300_000 });
          let call = 0;
          room.fault = () => faults[call++] ?? 'none';
          const hold = room.y.imports.hold.bind(room.y.imports);
          room.y.imports.hold = async (keys) => {
            await hold(keys);
            for (const { keyId: id } of keys) {
              const known = room.y.imports.keys.get(id)!;
              const fate = fates[Number(`0x${id.slice(-1)}`) % 3] as 'relayed';
              if (known.fate === 'relayed') known.fate = fate;
            }
          };
          for (const n of [0, 1, 2]) {
            room.x.exports.add(
              keyId(n),
              Uint8Array.from({ length: 16 }, () => n),
            );
            await room.x.kms.to('kme-y')!.offer({ keyIds: [keyId(n)], initiator: 'alice', targets: ['bob'] });
          }
          room[crash.site as 'x'].notebook.left = crash.writes;
          const got = { x: [] as string[], y: [] as string[] };
          const fetchAll = (): void => {
            for (const n of [0, 1, 2]) {
              if (room.y.imports.fetch(keyId(n)) !== undefined) got.y.push(keyId(n));
              if (room.x.exports.fetch(keyId(n)) !== undefined) got.x.push(keyId(n));
            }
          };
          for (let i = 0; i < 40; i++) {
            if (i === 8) room.restart(crash.site as 'x');
            for (const { at, what } of deeds) {
              if (at !== i) continue;
              if (what === 'fetch') fetchAll();
              else
                await room.x.kms
                  .to('kme-y')!
                  .void([keyId(i % 3)])
                  .catch(() => undefined);
            }
            await room.pass(i < 12 ? 2_000 : 30_000);
          }
          fetchAll();
          for (const n of [0, 1, 2]) {
            const id = keyId(n);
            const end = await room.x.kms.to('kme-y')!.state(id);
            assert.ok(end && ['released', 'voided', 'refused', 'split'].includes(end), `key ${n} ends as ${end}`);
            const [x, y] = [got.x.filter((one) => one === id).length, got.y.filter((one) => one === id).length];
            assert.ok(x <= 1 && y <= 1);
            if (end === 'released') assert.deepEqual([x, y], [1, 1]);
            if (end === 'split') assert.deepEqual([x, y], [0, 1]);
            if (end === 'refused') assert.deepEqual([x, y], [0, 0]);
            // The initiator never has what the target cannot have or have had.
            assert.ok(x <= y, `key ${n}: ${x} at the initiator, ${y} at the target, ${end}`);
            if (end === 'voided') assert.equal(x, 0);
          }
        },
      ),
      { numRuns: 400, seed: 20 },
    );
  });
});
