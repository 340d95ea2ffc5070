/** WireGuard as it is: wireguard-go in two network namespaces, `wg`, agents with keys from KMEs over mutual TLS. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { skykey } from '../test/command.ts';
import type { AgentConfiguration } from './configuration.ts';
import { documentOf, freePort, holdsKey, RunningAgent } from './test/agents.ts';
import { type KmePair, startKmePair } from './test/kme-pair.ts';
import { type End, SitePair, without } from './test/site-pair.ts';
import { Wireguard } from './wireguard.ts';

const wg = (args: readonly string[], input?: string): string =>
  execFileSync('sh', ['-c', input === undefined ? 'wg "$@"' : 'cat | wg "$@"', 'wg', ...args], {
    encoding: 'utf8',
    ...(input !== undefined && { input }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });

describe('skykey agent wireguard', { skip: without('wg', 'wireguard-go', 'openssl') }, () => {
  let sites: SitePair;
  let kmes: KmePair;
  let port: number;
  const publicKeys = {} as Record<End, string>;
  const agents: RunningAgent[] = [];

  const device = (end: End): string => `sk${process.pid}${end}`;
  const other = (end: End): End => (end === 'a' ? 'b' : 'a');
  /** The peer of an end with all that belongs to it, as `wg set` takes it. */
  const peerOf = (end: End, ...more: readonly string[]): string[] => [
    ...['peer', publicKeys[other(end)], 'endpoint', `${sites.outer(other(end))}:51820`, 'persistent-keepalive', '25'],
    ...['allowed-ips', `${sites.inner(other(end))}/32`, ...more],
  ];
  const presharedKey = (end: End): string =>
    wg(['show', device(end), 'preshared-keys'])
      .trim()
      .split('\t')[1]!;
  const tunnel = (end: End): Wireguard => new Wireguard({ interface: device(end), peer: publicKeys[other(end)] });
  const agent = (end: End, more: Partial<AgentConfiguration> = {}): RunningAgent => {
    const running = new RunningAgent(
      { ...documentOf(kmes, end, port, more), wireguard: { interface: device(end), peer: publicKeys[other(end)] } },
      tunnel(end),
    );
    agents.push(running);
    return running;
  };
  /** Drops the session of one end, so that the next packet needs a handshake. */
  const forget = (end: End): void => {
    const peer = publicKeys[other(end)];
    wg(['set', device(end), 'peer', peer, 'remove', ...peerOf(end, 'preshared-key', '/dev/stdin')], presharedKey(end));
  };

  before(async () => {
    kmes = await startKmePair();
    port = await freePort();
    sites = new SitePair();
    for (const end of ['a', 'b'] as const) {
      sites.start(end, ['wireguard-go', '-f', device(end)]);
      for (let i = 0; i < 100 && !existsSync(`/var/run/wireguard/${device(end)}.sock`); i++) await pause(50);
      const privateKey = wg(['genkey']);
      publicKeys[end] = wg(['pubkey'], privateKey).trim();
      wg(['set', device(end), 'listen-port', '51820', 'private-key', '/dev/stdin'], privateKey);
      sites.inside(end, 'ip', 'addr', 'add', `${sites.inner(end)}/32`, 'dev', device(end));
    }
    for (const end of ['a', 'b'] as const) {
      wg(['set', device(end), ...peerOf(end)]);
      sites.inside(end, 'ip', 'link', 'set', device(end), 'up');
      sites.inside(end, 'ip', 'route', 'add', `${sites.inner(other(end))}/32`, 'dev', device(end));
    }
    await sites.startEcho();
  });
  afterEach(async () => {
    kmes.away(false);
    for (const running of agents) await running.end().catch(() => undefined);
  });
  after(async () => {
    sites?.remove();
    for (const end of ['a', 'b'] as const) rmSync(`/var/run/wireguard/${device(end)}.sock`, { force: true });
    await kmes?.close();
  });

  // A handshake that failed is tried again after five seconds: few tunnels, and much in each.
  it('closes a tunnel without a pre-shared key, opens it with one of the KMEs, and rotates that twice without a loss', async () => {
    assert.ok(await sites.reached(), 'without agents the tunnel is an ordinary one');
    const b = agent('b', { memory: join(sites.folder, 'b.json') });
    assert.match((await b.next('closed')).reason, /nothing tells how old/);
    assert.notEqual(presharedKey('b'), '(none)');
    assert.equal(await sites.reached(1500), false);
    const a = agent('a', { memory: join(sites.folder, 'a.json'), rotateS: 2, maxKeyAgeS: 60 });
    const { keyId } = await a.next('rotated');
    assert.equal((await b.next('rotated')).keyId, keyId);
    assert.equal(presharedKey('a'), presharedKey('b'));
    // The handshakes that failed meanwhile keep the next one back for five seconds.
    forget('a');
    assert.ok(await sites.reached());
    assert.match(wg(['show', device('a'), 'allowed-ips']), /\t10\.78\.2\.1\/32\n/);
    assert.match(wg(['show', device('a'), 'persistent-keepalive']), /\t25\n/);
    const seen = new Set<string>();
    const { sent, came } = await sites.probe(async () => {
      a.forget();
      b.forget();
      seen.add(presharedKey('a'));
      for (let i = 0; i < 2; i++) {
        await a.next('rotated');
        await b.next('rotated');
        assert.equal(presharedKey('a'), presharedKey('b'));
        seen.add(presharedKey('a'));
      }
    });
    assert.equal(seen.size, 3);
    assert.ok(sent > 10);
    assert.equal(came, sent);
    // The key of the KME alone is not the tunnel's: it went through the combiner.
    assert.ok(kmes.material.every((key) => !seen.has(key.toString('base64'))));
    forget('a');
    forget('b');
    assert.ok(await sites.reached(), 'a new handshake with the new key');
    await a.end();
    await b.end();
    assert.equal(await sites.reached(1500), false, 'an agent that is ended closes its tunnel');
  });

  it('has no handshake with another key at one end, and mends what another program did', async () => {
    const keep = { onEnd: 'keep', memory: join(sites.folder, 'keep.json') } as const;
    const b = agent('b', keep);
    const a = agent('a', { ...keep, memory: join(sites.folder, 'keep-a.json') });
    await a.next('rotated');
    assert.ok(await sites.reached());
    await a.end();
    await b.end();
    assert.ok(await sites.reached(), 'kept');
    wg(['set', device('a'), 'peer', publicKeys.b, 'preshared-key', '/dev/stdin'], wg(['genpsk']));
    forget('a');
    forget('b');
    assert.equal(await sites.reached(2500), false);
    // Started anew, b finds a key that is young enough; a finds another than it left, in spite of its memory.
    const again = agent('b', keep);
    const leader = agent('a', { ...keep, memory: join(sites.folder, 'keep-a.json') });
    await leader.next('rotated');
    await again.next('rotated');
    forget('a');
    assert.ok(await sites.reached());
    wg(['set', device('b'), 'peer', publicKeys.a, 'preshared-key', '/dev/null']);
    assert.match((await again.next('closed')).reason, /no pre-shared key at all/);
    await again.next('rotated');
    assert.equal(presharedKey('a'), presharedKey('b'));
    await leader.end();
    await again.end();
  });

  it('does the same as a command, once', async () => {
    const run = (end: End): Promise<{ code: number | null; stdout: string; stderr: string }> => {
      const file = join(sites.folder, `${end}.agent.json`);
      // As the agents before left it: open, with a key that is young.
      const memory = join(sites.folder, end === 'a' ? 'keep-a.json' : 'keep.json');
      const wireguard = { interface: device(end), peer: publicKeys[other(end)] };
      writeFileSync(file, JSON.stringify({ ...documentOf(kmes, end, port, { memory }), wireguard }));
      return skykey(['agent', 'wireguard', '--config', file, '--once', '--json']);
    };
    const follower = run('b');
    await pause(1500);
    // The follower may still be starting: the leader's one try is then repeated, as a timer would.
    let leader = await run('a');
    for (let i = 0; i < 3 && leader.code !== 0; i++) leader = await run('a');
    assert.equal(leader.code, 0, leader.stderr);
    const { code, stdout, stderr } = await follower;
    assert.equal(code, 0, stderr);
    const keyIds = [leader.stdout, stdout].map((text) => {
      const events = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; keyId?: string });
      return events.find(({ event }) => event === 'rotated')?.keyId;
    });
    assert.ok(keyIds[0] && keyIds[0] === keyIds[1]);
    assert.ok(await sites.reached(), 'and leaves it open');
  });

  // Last: nothing of the KMEs' key is left after the alarm.
  it('closes when there is no newer key in time, opens again, and hangs up when the link is under alarm', async () => {
    const b = agent('b', { rotateS: 1, maxKeyAgeS: 4 });
    const a = agent('a', { rotateS: 1, maxKeyAgeS: 4 });
    await a.next('rotated');
    await b.next('rotated');
    kmes.away(true);
    assert.match((await a.next('closed')).reason, /older than 4 s, and there is no newer one: .*503/);
    assert.match((await b.next('closed')).reason, /older than 4 s.*gw-a gave up: .*503/);
    assert.equal(await sites.reached(1500), false);
    kmes.away(false);
    a.forget();
    await a.next('rotated');
    await b.next('rotated');
    // Keys go by the second: a handshake may fall between two of them, and is tried again after five.
    assert.ok(await sites.reached(30_000));
    await a.end();
    await b.end();
    // With a key that may grow old, so that it is the alarm by which they close, on a slow machine too.
    const follower = agent('b', { rotateS: 2 });
    const leader = agent('a', { rotateS: 2 });
    await leader.next('rotated');
    await follower.next('rotated');
    forget('a');
    assert.ok(await sites.reached(), 'open before the alarm');
    await kmes.alarm('somebody listens');
    for (const end of [leader, follower]) {
      assert.match((await end.next('warning')).reason, /courier-a-b, .* is under alarm: somebody listens; a new key/);
      assert.match((await end.next('closed')).reason, /is under alarm: somebody listens, and there is no newer key/);
    }
    assert.equal(await sites.reached(1500), false);
    await leader.end();
    await follower.end();
  });

  it('leaves no key in its memory or its words', () => {
    assert.ok(kmes.material.length > 5);
    for (const name of ['keep.json', 'keep-a.json'])
      assert.ok(!holdsKey(join(sites.folder, name), kmes.material), name);
    const words = JSON.stringify(agents.map(({ events }) => events));
    for (const key of [...kmes.material.map((one) => one.toString('base64')), presharedKey('a'), presharedKey('b')]) {
      assert.ok(!words.includes(key));
    }
    assert.match(readFileSync(join(sites.folder, 'keep.json'), 'utf8'), /skykey-agent-memory\/1/);
  });
});
