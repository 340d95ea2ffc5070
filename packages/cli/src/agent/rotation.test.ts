/** Rounds over real lines, with KMEs and tunnels that do as the test says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { ClientError, type ReceivedKey } from '@skykey/client';
import { dial, type Line, type LineIdentity, listen } from './line.ts';
import { Memory } from './memory.ts';
import type { AgentEvent } from './report.ts';
import { followRound, leadRound, type Party } from './rotation.ts';
import { withoutOpenssl } from './test/authority.ts';
import { makeCertificates } from './test/kme-pair.ts';
import type { Tunnel, TunnelKey } from './tunnel.ts';
import { Watch } from './watch.ts';

const KEY_1 = '550e8400-e29b-41d4-a716-446655440000';
const KEY_2 = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

const received = (keyId: string, fill: number, bytes = 32): ReceivedKey => ({
  keyId,
  key: SecretBytes.adopt(new Uint8Array(bytes).fill(fill)),
  keyIdExtension: undefined,
  keyExtension: undefined,
});

/** What is done to it is written into a diary that both ends share. */
class DiaryTunnel implements Tunnel {
  readonly kind = 'wireguard';
  readonly name: string;
  readonly diary: string[];
  key = '';
  fails: string | null = null;

  constructor(name: string, diary: string[]) {
    this.name = name;
    this.diary = diary;
  }

  async open(): Promise<void> {}
  async install({ key }: TunnelKey): Promise<void> {
    this.#do('install');
    this.key = key.open((bytes) => Buffer.from(bytes).toString('hex'));
  }
  async start(): Promise<string> {
    this.#do('start');
    return 'evidence';
  }
  async verify(_: string, evidence: string): Promise<void> {
    assert.equal(evidence, 'evidence');
    this.#do('verify');
  }
  async retire(): Promise<void> {
    this.#do('retire');
  }
  async wrong(): Promise<string | null> {
    return null;
  }
  async shut(): Promise<void> {
    this.#do('shut');
    this.key = '';
  }
  release(): void {}

  #do(what: string): void {
    this.diary.push(`${this.name} ${what}`);
    if (this.fails === what) throw new Error('the tunnel is broken');
  }
}

describe('a round', { skip: withoutOpenssl() }, () => {
  let kmes: ReturnType<typeof makeCertificates>;
  let server: { port: number; close: () => void };
  let next: PromiseWithResolvers<Line>;
  const watches: Watch[] = [];

  const identity = (self: string, peer: string): LineIdentity => {
    const read = (name: string): string => readFileSync(join(kmes.certificates, name), 'utf8');
    return { ca: read('sae-ca.crt'), cert: read(`${self}.crt`), key: read(`${self}.key`), self, peer };
  };
  const party = (
    self: string,
    peer: string,
    diary: string[],
    keys: () => ReceivedKey[],
  ): Party & { tunnel: DiaryTunnel } => {
    const tunnel = new DiaryTunnel(self, diary);
    const watch = new Watch({
      ...{ tunnel, memory: new Memory(undefined, self), report: (_: AgentEvent) => undefined },
      ...{ maxKeyAgeS: 60, checkS: 60, onBroken: () => undefined },
    });
    watches.push(watch);
    const give = async (): Promise<ReceivedKey[]> => keys();
    return { kme: { getKeys: give, getKeysWithIds: give }, tunnel, watch, self, peer, usedKeyIds: new Set() };
  };
  const meeting = async (forLeader: () => ReceivedKey[], forFollower: () => ReceivedKey[]) => {
    next = Promise.withResolvers();
    const diary: string[] = [];
    const a = party('gw-a', 'gw-b', diary, forLeader);
    const b = party('gw-b', 'gw-a', diary, forFollower);
    const line = await dial('127.0.0.1', server.port, identity('gw-a', 'gw-b'));
    const other = await next.promise;
    /** Both halves; whoever fails hangs up, as the agents do. */
    const round = (number: number) =>
      Promise.allSettled([
        leadRound(a, line, number).catch((error) => {
          line.close();
          throw error;
        }),
        followRound(b, other).catch((error) => {
          other.send({ type: 'fail', round: 0, reason: (error as Error).message });
          other.close();
          throw error;
        }),
      ]);
    return { a, b, line, other, diary, round };
  };
  const reason = (outcome: PromiseSettledResult<unknown>): string =>
    outcome.status === 'rejected' ? (outcome.reason as Error).message : 'it went well';

  before(async () => {
    kmes = makeCertificates();
    server = await listen('127.0.0.1', 0, identity('gw-b', 'gw-a'), {
      line: (line) => next.resolve(line),
      stranger: () => undefined,
    });
  });
  after(async () => {
    for (const watch of watches) await watch.end(false);
    server?.close();
    kmes?.remove();
  });

  it('changes the follower first, and takes the old key away only when both have seen the new one work', async () => {
    const { a, b, diary, round, line } = await meeting(
      () => [received(KEY_1, 1)],
      () => [received(KEY_1, 1)],
    );
    const outcomes = await round(1);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    );
    assert.deepEqual(diary, [
      'gw-b install',
      'gw-a install',
      'gw-a start',
      'gw-b verify',
      'gw-b retire',
      'gw-a retire',
    ]);
    assert.equal(a.tunnel.key, b.tunnel.key);
    assert.notEqual(a.tunnel.key, '01'.repeat(32));
    line.close();
  });

  it('touches no tunnel when the two KMEs gave different keys', async () => {
    const { diary, round } = await meeting(
      () => [received(KEY_1, 1)],
      () => [received(KEY_1, 2)],
    );
    const [leader, follower] = await round(1);
    assert.match(reason(leader!), /"accept" does not fit this round: its key is another one/);
    assert.match(reason(follower!), /gw-a hung up/);
    assert.deepEqual(diary, []);
  });

  it('touches no tunnel with a key that is too short, or was used before', async () => {
    const short = await meeting(
      () => [received(KEY_1, 1)],
      () => [received(KEY_1, 1, 16)],
    );
    const [leader, follower] = await short.round(1);
    assert.match(reason(follower!), /the key from the KME has 16 bytes; it must have 32/);
    assert.match(reason(leader!), /gw-b gave up: the key from the KME has 16 bytes/);
    assert.deepEqual(short.diary, []);

    const again = await meeting(
      () => [received(KEY_2, 1)],
      () => [received(KEY_2, 1)],
    );
    assert.deepEqual(
      (await again.round(1)).map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    );
    again.diary.length = 0;
    again.a.usedKeyIds.clear();
    const [, refused] = await again.round(2);
    assert.match(reason(refused!), /key 6ba7b810-.* has been used for this tunnel before/);
    assert.deepEqual(again.diary, []);
    const twice = await meeting(
      () => [received(KEY_2, 1)],
      () => [received(KEY_2, 1)],
    );
    twice.a.usedKeyIds.add(KEY_2);
    const own = leadRound(twice.a, twice.line, 1);
    await assert.rejects(own, /the KME gave key 6ba7b810-.* twice/);
    twice.line.close();
  });

  it('passes on why the follower has no key', async () => {
    const { diary, round } = await meeting(
      () => [received(KEY_1, 1)],
      () => {
        throw new ClientError('client/unavailable', 'the KME cannot answer now (503)');
      },
    );
    const [leader] = await round(1);
    assert.match(reason(leader!), /gw-b gave up: the KME cannot answer now/);
    assert.deepEqual(diary, []);
  });

  it('keeps the old key wherever the new one did not come up', async () => {
    for (const [end, step, done] of [
      ['b', 'install', ['gw-b install']],
      ['a', 'start', ['gw-b install', 'gw-a install', 'gw-a start']],
      ['b', 'verify', ['gw-b install', 'gw-a install', 'gw-a start', 'gw-b verify']],
    ] as const) {
      const meet = await meeting(
        () => [received(KEY_1, 1)],
        () => [received(KEY_1, 1)],
      );
      meet[end].tunnel.fails = step;
      const outcomes = await meet.round(1);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'rejected'],
        step,
      );
      assert.deepEqual(meet.diary, done);
      assert.deepEqual([meet.a.watch.isOpen, meet.b.watch.isOpen], [false, false]);
    }
  });
});
