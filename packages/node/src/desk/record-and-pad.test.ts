import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { DEFAULT_POLICY, type KeySource, makeEmergencyFile, verifyRecord } from '@skykey/hotline';
import type { DeskState } from '@skykey/telemetry';
import { DeskClient } from './desk-client.ts';
import { linePolicyDocument } from './line-policy.ts';
import { makeDevice } from './sign-in/index.ts';
import { makeSigningKeys } from './signing-keys.ts';
import { type RunningDesk, startDesk } from './start-desk.ts';

const IDS = ['desk-beijing', 'desk-moscow'] as const;
const NAMES = ['Beijing', 'Moscow'] as const;
const conversationId = randomUUID();
const root = mkdtempSync(join(tmpdir(), 'skykey-desks-'));
const desks: RunningDesk[] = [];
const clients: DeskClient[] = [];
const journals: string[][] = [[], []];
const file = (index: number, name: string): string => join(root, `${IDS[index]}.${name}`);

/** A key manager for both: each key goes once to each side. */
const waiting = new Map<string, Uint8Array>();
const keys: KeySource = {
  draw: async (bytesPerKey, count) =>
    Array.from({ length: count }, () => {
      const [keyId, key] = [randomUUID(), new Uint8Array(randomBytes(bytesPerKey))];
      waiting.set(keyId, key.slice());
      return { keyId, key: SecretBytes.adopt(key), provenance: 'direct' };
    }),
  fetch: async (keyIds) =>
    keyIds.map((keyId) => {
      const key = waiting.get(keyId);
      if (!key) throw new Error('no such key');
      waiting.delete(keyId);
      return { keyId, key: SecretBytes.adopt(key), provenance: 'direct' };
    }),
};

before(async () => {
  writeFileSync(join(root, 'policy.json'), JSON.stringify(linePolicyDocument(DEFAULT_POLICY)));
  const secret = randomBytes(64);
  const pad = makeEmergencyFile(
    { conversationId, provenance: 'a courier', texts: 3 },
    (n) => new Uint8Array(randomBytes(n)),
  );
  for (const index of [0, 1]) {
    makeSigningKeys({ key: file(index, 'key'), publicKey: file(index, 'key.pub') });
    writeFileSync(file(index, 'secret'), secret);
    writeFileSync(file(index, 'pad'), pad);
  }
  for (const index of [0, 1]) {
    const desk = await startDesk({
      ...{ siteId: NAMES[index]!.toLowerCase(), ownName: NAMES[index]!, peerName: NAMES[1 - index]! },
      ...{ ownId: IDS[index]!, peerId: IDS[1 - index]!, conversationId, keys, pages: root },
      post: (bytes) => void desks[1 - index]?.desk.arrive(bytes.slice()).catch(() => undefined),
      quarantine: () => undefined,
      journal: (text) => journals[index]!.push(text),
      configuration: {
        ...{ port: await freePort(), folder: file(index, 'store'), witness: file(index, 'witness') },
        ...{ secret: file(index, 'secret'), policy: join(root, 'policy.json'), enrolment: file(index, 'links') },
        signing: { key: file(index, 'key'), peerKey: file(1 - index, 'key.pub') },
        ...{ emergencyPad: file(index, 'pad'), iceServers: [] },
      },
    });
    desks.push(desk);
    const [{ link }] = JSON.parse(readFileSync(file(index, 'links'), 'utf8'));
    const client = new DeskClient(`http://localhost:${desk.port}`, makeDevice());
    await client.enrol(link);
    clients.push(client);
  }
  for (const { desk } of desks) await desk.stock(9_000_000, 9_000_000);
  await holds((state) => state.may.text.allowed);
});

after(async () => {
  for (const desk of desks) await desk.stop();
  rmSync(root, { recursive: true });
});

/** Waits until both desks' pages are told so. */
async function holds(condition: (state: DeskState, index: number) => boolean): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    const states = await Promise.all(clients.map((client) => client.state()));
    if (states.every(condition)) return;
    assert.ok(
      performance.now() < until,
      JSON.stringify([states.map(({ line, record }) => [line.reason, record]), journals]),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('two desks', () => {
  it('go on the record: both pages say how far both have signed, and either hands out what a third can check', async () => {
    for (const client of clients) await client.post('/api/record', { on: true });
    await holds(({ record }) => record.on && record.signed?.texts === 0);
    await clients[0]!.say('seven', 'hybrid');
    await clients[1]!.say('seven it is', 'sealed');
    await holds(({ record }) => record.signed?.texts === 2 && record.unsigned === 0);
    for (const client of clients) {
      const { texts } = verifyRecord(await client.record());
      assert.deepEqual(
        texts.map(({ from, words }) => [from, words?.text]),
        [
          [IDS[0], 'seven'],
          [IDS[1], 'seven it is'],
        ],
      );
    }
  });

  it('take the couriered pad in and destroy its file; words leave by it while the line is shut, and only then', async () => {
    for (const index of [0, 1]) assert.ok(!existsSync(file(index, 'pad')));
    await assert.rejects(clients[0]!.sayEmergency('too early'), { code: 'desk/refused' });
    await clients[1]!.post('/api/alarm/raise', { reason: 'the safety phrase differs' });
    await holds(({ line, emergency }) => line.level === 'black' && emergency?.may.allowed === true);
    await assert.rejects(clients[0]!.say('no', 'sealed'), { code: 'desk/refused' });
    const { id } = await clients[0]!.sayEmergency('telephone at nine');
    await holds(({ messages, emergency }, index) => {
      const message = messages.find((each) => each.emergency && each.text === 'telephone at nine');
      return (
        message?.state === 'delivered' &&
        emergency?.texts === (index === 0 ? 2 : 3) &&
        (index === 1 || message.id === id)
      );
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
