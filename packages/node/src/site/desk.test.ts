import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Vault } from '@skykey/vault';
import { openMissionVault } from '../mission-vault.ts';
import { Desk, type KeyManagerCall } from './desk.ts';

const CONVERSATION = '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de';
const SITES = ['beijing', 'moscow'] as const;
type SiteId = (typeof SITES)[number];

interface Room {
  readonly desks: Record<SiteId, Desk>;
  readonly vaults: Record<SiteId, Vault>;
  /** Bodies that the key managers gave. */
  readonly bodies: Uint8Array[];
  /** Keys that the key managers have handed to nobody yet. */
  readonly waiting: Map<string, string>;
  carry: (envelope: Uint8Array, to: SiteId) => Promise<void>;
  /** Both desks begin anew on the same vaults. */
  restart: () => void;
}

/** Two desks whose key managers share a table. */
async function room(t: TestContext): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-desk-'));
  const open = (nodeId: SiteId): Promise<Vault> =>
    openMissionVault({ path: join(folder, nodeId), keyring: join(folder, `${nodeId}.k`), now: () => 1000, nodeId });
  const vaults = { beijing: await open('beijing'), moscow: await open('moscow') };
  t.after(async () => {
    for (const vault of Object.values(vaults)) await vault.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const bodies: Uint8Array[] = [];
  const waiting = new Map<string, string>();
  const keyManager: KeyManagerCall = async (_, path, body) => {
    const {
      number = 0,
      size = 0,
      key_IDs = [],
    } = body as {
      number?: number;
      size?: number;
      key_IDs?: { key_ID: string }[];
    };
    const keys = path.endsWith('enc_keys')
      ? Array.from({ length: number }, () => ({ key_ID: randomUUID(), key: randomBytes(size / 8).toString('base64') }))
      : key_IDs.map(({ key_ID }) => ({ key_ID, key: waiting.get(key_ID)! }));
    if (keys.some(({ key }) => key === undefined)) return { status: 400, body: '{"message":"not found"}' };
    for (const { key_ID, key } of keys) {
      if (path.endsWith('enc_keys')) waiting.set(key_ID, key);
      else waiting.delete(key_ID);
    }
    const bytes = new TextEncoder().encode(JSON.stringify({ keys }));
    bodies.push(bytes);
    return { status: 200, body: bytes };
  };
  const made: Room = {
    ...{ desks: {} as Room['desks'], vaults, bodies, waiting },
    carry: (envelope, to) => made.desks[to].receive(envelope),
    restart() {
      for (const [i, siteId] of SITES.entries()) {
        const other = SITES[1 - i]!;
        made.desks[siteId] = new Desk({
          ...{ siteId, name: siteId, peerName: other, peerSaeId: `desk-${other}` },
          self: { deskId: `desk-${siteId}`, accepts: ['aes-256-gcm'] },
          peer: { deskId: `desk-${other}`, accepts: ['aes-256-gcm'] },
          ...{ suite: 'aes-256-gcm', conversationId: CONVERSATION, vault: vaults[siteId], keyManager },
          carry: (envelope) => made.carry(envelope, other),
          ...{ missionMs: () => 1000, onChange: () => undefined },
        });
        made.desks[siteId].stocked(10_000);
      }
    },
  };
  made.restart();
  return made;
}

const received = (desk: Desk): string[] =>
  desk
    .state()
    .messages.filter(({ direction }) => direction === 'received')
    .map(({ text }) => text);

test('a message goes from desk to desk, and no answer of a key manager stays as it was', async (t) => {
  const { desks, bodies, waiting } = await room(t);
  const { message } = await desks.beijing.send('hello');
  assert.deepEqual([message.state, message.keyIds.length], ['delivered', 1]);
  assert.deepEqual(received(desks.moscow), ['hello']);
  assert.equal(waiting.size, 0);
  assert.equal(bodies.length, 2);
  assert.ok(bodies.every((body) => body.length > 60 && body.every((byte) => byte === 0)));
});

test('the counters of a conversation survive: nothing is opened a second time after a restart', async (t) => {
  const made = await room(t);
  const carried: Uint8Array[] = [];
  const { carry } = made;
  made.carry = (envelope, to) => {
    carried.push(envelope.slice());
    return carry(envelope, to);
  };
  // Both at once: each has a number of its own.
  await Promise.all([made.desks.beijing.send('one'), made.desks.beijing.send('two')]);
  assert.deepEqual(received(made.desks.moscow).toSorted(), ['one', 'two']);
  made.restart();
  for (const envelope of carried) await assert.rejects(made.desks.moscow.receive(envelope), { name: 'HotlineError' });
  await made.desks.beijing.send('three');
  assert.deepEqual(received(made.desks.moscow), ['three']);
  const journal = await made.vaults.moscow.atomically((tx) => tx.journal.list());
  assert.equal(journal.filter(({ text }) => text.startsWith('desk: a message was refused')).length, 2);
});

test('keys that went with a message that nobody got are named', async (t) => {
  const made = await room(t);
  made.carry = () => Promise.reject(new Error('the line is dead'));
  await assert.rejects(made.desks.beijing.send('hello'), /the line is dead/);
  assert.equal(made.desks.beijing.state().messages[0]!.state, 'refused');
  // What the thief makes of it burns keys at the desk where it arrives.
  made.carry = async (envelope, to) => {
    envelope[envelope.length - 1]! ^= 1;
    await made.desks[to].receive(envelope);
  };
  await assert.rejects(made.desks.beijing.send('hello'), { name: 'HotlineError' });
  const texts = (await made.vaults.moscow.atomically((tx) => tx.journal.list())).map(({ text }) => text);
  assert.ok(
    texts.some((text) => /^desk: 1 key\(s\) were lost with it: [0-9a-f-]{36}$/.test(text)),
    texts.join('\n'),
  );
});

test('the line says what it has key for; an alarm closes it whatever comes in', async (t) => {
  const { desks } = await room(t);
  const desk = desks.beijing;
  const state = (): string => desk.state().line.state;
  assert.equal(state(), 'secured');
  desk.stocked(0);
  assert.deepEqual([state(), desk.state().keyBitsLeft, desk.state().messagesLeft], ['waiting', 0, 0]);
  desk.stocked(256);
  assert.deepEqual([state(), desk.state().messagesLeft], ['secured', 1]);
  desk.drop('tapped');
  desk.stocked(10_000);
  assert.deepEqual([state(), desk.state().line.reason], ['dropped', 'tapped']);
  await assert.rejects(desk.send('hello'), { name: 'HotlineError' });
  desk.reopen();
  assert.equal(state(), 'secured');
});
