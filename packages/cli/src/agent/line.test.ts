import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { dial, type Line, type LineIdentity, listen } from './line.ts';
import { encode, type Message } from './message.ts';
import { freePort } from './test/agents.ts';
import { withoutOpenssl } from './test/authority.ts';
import { makeCertificates } from './test/kme-pair.ts';

describe('the line between agents', { skip: withoutOpenssl() }, () => {
  let kmes: ReturnType<typeof makeCertificates>;
  let server: { port: number; close: () => void };
  let next: PromiseWithResolvers<Line>;
  const strangers: string[] = [];
  const confirm: Message = { type: 'confirm', round: 1, tag: new Uint8Array(48) };

  const identity = (self: string, peer: string): LineIdentity => {
    const read = (name: string): string => readFileSync(join(kmes.certificates, name), 'utf8');
    return { ca: read('sae-ca.crt'), cert: read(`${self}.crt`), key: read(`${self}.key`), self, peer };
  };
  const pair = async (): Promise<[leader: Line, follower: Line]> => {
    next = Promise.withResolvers();
    const leader = await dial('127.0.0.1', server.port, identity('gw-a', 'gw-b'));
    return [leader, await next.promise];
  };
  /** A peer with the right certificate that says what it likes. */
  const raw = async (): Promise<[TLSSocket, Line]> => {
    next = Promise.withResolvers();
    const { ca, cert, key } = identity('gw-a', 'gw-b');
    const socket = connect({
      ...{ host: '127.0.0.1', port: server.port, ca, cert, key, ALPNProtocols: ['skykey-agent/1'] },
      checkServerIdentity: () => undefined,
    });
    socket.on('error', () => undefined);
    return [socket, await next.promise];
  };
  const frame = (body: Uint8Array, length = body.length): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    return Buffer.concat([head, body]);
  };

  before(async () => {
    kmes = makeCertificates();
    server = await listen('127.0.0.1', 0, identity('gw-b', 'gw-a'), {
      line: (line) => next.resolve(line),
      stranger: (who) => strangers.push(who),
    });
  });
  after(async () => {
    server?.close();
    kmes?.remove();
  });

  it('carries messages both ways, and gives both ends the same channel', async () => {
    const [leader, follower] = await pair();
    assert.equal(leader.channel.length, 32);
    assert.deepEqual(leader.channel, follower.channel);
    leader.send(confirm);
    assert.deepEqual(await follower.receive('confirm', 1, 1000), confirm);
    follower.send({ type: 'works', round: 1, tag: new Uint8Array(48).fill(1) });
    assert.equal((await leader.receive('works', 1, 1000)).tag[0], 1);
    const [again] = await pair();
    assert.notDeepEqual(again.channel, leader.channel);
    await assert.rejects(follower.receive('confirm', 1), /closed here/, 'a new line ends the one before');
    again.close();
  });

  it('takes no message out of its turn, of another round, late, or after the end', async () => {
    const [leader, follower] = await pair();
    leader.send(confirm);
    await assert.rejects(follower.receive('live', 1), /says "confirm" where "live" has its turn/);
    leader.send(confirm);
    await assert.rejects(follower.receive('confirm', 2), /has its turn/);
    leader.send({ type: 'fail', round: 0, reason: 'no key' });
    await assert.rejects(follower.receive('confirm', 1), /gw-a gave up: no key/);
    await assert.rejects(follower.receive('confirm', 1, 50), /sent no "confirm" within 0.05 s/);
    leader.close();
    await assert.rejects(follower.receive('confirm', 1, 2000), /gw-a hung up/);
    assert.throws(() => leader.send(confirm), /closed here/);
  });

  it('hangs up on a peer that repeats, speaks for others, or speaks nonsense', async () => {
    const cases: [sent: Buffer, words: RegExp][] = [
      [
        Buffer.concat([frame(encode(0, 'gw-a', confirm)), frame(encode(0, 'gw-a', confirm))]),
        /message 0 came where 1 is due/,
      ],
      [frame(encode(1, 'gw-a', confirm)), /message 1 came where 0 is due/],
      [frame(encode(0, 'gw-b', confirm)), /says that it is from gw-b/],
      [frame(Buffer.from('{"number":0}')), /wrong at/],
      [
        frame(Buffer.from('{"number":0,"from":"gw-a","message":{"type":"confirm","round":1,"tag":"","x":1}}')),
        /wrong at message/,
      ],
      [frame(Buffer.from([0xff])), /not JSON/],
      [frame(Buffer.alloc(0), 16_385), /a frame of 16385 bytes/],
      [Buffer.concat([0, 1, 2, 3, 4, 5].map((n) => frame(encode(n, 'gw-a', confirm)))), /does not wait for its turn/],
    ];
    for (const [sent, words] of cases) {
      const [socket, line] = await raw();
      socket.write(sent);
      await assert.rejects(async () => {
        for (;;) await line.receive('confirm', 1, 2000);
      }, words);
      socket.destroy();
    }
  });

  it('is spoken with the peer alone', async () => {
    await dial('127.0.0.1', server.port, identity('gw-c', 'gw-b')).then(
      // TLS 1.3 lets the client believe that it is in, until it is hung up on.
      (line) => assert.rejects(line.receive('works', 1, 2000), /hung up|failed/),
      () => undefined,
    );
    assert.match(strangers.at(-1)!, /gw-c/);
    await assert.rejects(dial('127.0.0.1', server.port, identity('gw-a', 'gw-c')), /is not that of gw-c/);
    const { ca, ...rest } = identity('gw-a', 'gw-b');
    const otherCa = readFileSync(join(kmes.certificates, 'kme-ca.crt'), 'utf8');
    await assert.rejects(dial('127.0.0.1', server.port, { ...rest, ca: otherCa }), { code: 'agent/line' });
    await assert.rejects(dial('127.0.0.1', await freePort(), { ...rest, ca }), /ECONNREFUSED/);
    await assert.rejects(
      listen('127.0.0.1', server.port, identity('gw-b', 'gw-a'), { line: () => undefined, stranger: () => undefined }),
      /another program listens there/,
    );
  });
});
