import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import {
  decodeHeader,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
} from './codec.ts';
import type { Dialect, GetResponse, Qos, StreamRequest, StreamResponse } from './message.ts';

const KSID = '00112233-4455-4677-8899-aabbccddeeff';
const HEX_KSID = '00112233445546778899aabbccddeeff';
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');
const ascii = (text: string): string => Buffer.from(text).toString('hex');

const request = (frame: Uint8Array): StreamRequest =>
  decodeRequest(decodeHeader(frame.subarray(0, HEADER_BYTES)), frame.subarray(HEADER_BYTES));
const response = (frame: Uint8Array, dialect: Dialect): StreamResponse =>
  decodeResponse(decodeHeader(frame.subarray(0, HEADER_BYTES)), frame.subarray(HEADER_BYTES), dialect);

// The vectors are written by hand from the published code: QUBIP/etsi-qkd-004, client/client.py (dialect P, with its default
// QoS) and diogoftm/minimal-etsi-qkd-004, serializers.c and client_example.c (dialect C, with the QoS of its example).
const QOS_P: Qos = {
  chunkBytes: 512,
  maxBps: 40_000,
  minBps: 5_000,
  jitterBps: 10,
  priority: 0,
  timeoutMs: 5_000,
  ttlS: 3_600,
  metadataType: 'application/json',
};
const HEX_QOS_P = `00000200 00009c40 00001388 0000000a 00000000 00001388 00000e10${ascii('application/json')}${'00'.repeat(240)}`;
const QOS_C: Qos = { ...QOS_P, chunkBytes: 8192, maxBps: 32, minBps: 32, jitterBps: 0, timeoutMs: 0, ttlS: 0 };
const HEX_QOS_C = `00002000 00000020 00000020 00000000 00000000 00000000 00000000${ascii('application/json')}00`;

describe('dialect P, byte by byte', () => {
  const source = 'client://localhost';
  const destination = 'server://qkd_server';

  it('OPEN_CONNECT', () => {
    const payload = `${ascii(source)}00${ascii(destination)}00${HEX_QOS_P}${'00'.repeat(16)}`;
    const frame = bytes(`010001 02 00000153 ${payload}`);
    const decoded = { call: 'open', dialect: 'P', source, destination, qos: QOS_P, ksid: null } as const;
    assert.deepEqual(request(frame), decoded);
    assert.equal(hex(encodeRequest(decoded, 'P')), hex(frame));
    for (const status of [0, 1, 7] as const) {
      const answer = { call: 'open', dialect: 'P', status, qos: QOS_P, ksid: KSID } as const;
      const answerFrame = bytes(`010001 03 00000130 0000000${status} ${HEX_QOS_P} ${HEX_KSID}`);
      assert.equal(hex(encodeResponse(answer, 'C')), hex(answerFrame));
      assert.deepEqual(response(answerFrame, 'P'), answer);
    }
    for (const status of [4, 5, 6] as const) {
      const answer = { call: 'open', dialect: 'P', status, qos: QOS_P, ksid: null } as const;
      assert.equal(hex(encodeResponse(answer, 'P')), `010001030000000400000000`.slice(0, -1) + status);
    }
  });

  it('GET_KEY', () => {
    const frame = bytes(`010001 04 00000018 ${HEX_KSID} 00000003 00000400`);
    assert.deepEqual(request(frame), { call: 'get', dialect: 'P', ksid: KSID, index: 3, metadataRoom: 1024 });
    assert.equal(hex(encodeRequest(request(frame), 'P')), hex(frame));
    const metadata = '{"age":12,"hops":1}';
    const answerFrame = bytes(`010001 05 00000027 00000000 00000003 00000004 a1b2c3d4 00000013 ${ascii(metadata)}`);
    const answer: GetResponse = {
      call: 'get',
      dialect: 'P',
      status: 0,
      index: 3,
      key: SecretBytes.adopt(bytes('a1b2c3d4')),
      metadata,
      metadataNeeded: 0,
    };
    assert.equal(hex(encodeResponse(answer, 'C')), hex(answerFrame));
    const read = response(answerFrame, 'P') as GetResponse;
    assert.ok(read.key?.equals(answer.key!));
    assert.equal(read.metadata, metadata);
    const failed = { ...answer, key: null, metadata: '' } as const;
    assert.equal(hex(encodeResponse({ ...failed, status: 2 }, 'P')), '010001050000000400000002');
    assert.equal(hex(encodeResponse({ ...failed, dialect: null, status: 3 }, 'P')), '010001050000000400000003');
    const tooSmall = { ...failed, status: 8, metadataNeeded: 36 } as const;
    assert.equal(hex(encodeResponse(tooSmall, 'P')), '01000105000000080000000800000024');
  });

  it('CLOSE', () => {
    const frame = bytes(`010001 08 00000010 ${HEX_KSID}`);
    assert.deepEqual(request(frame), { call: 'close', ksid: KSID });
    assert.equal(hex(encodeRequest({ call: 'close', ksid: KSID }, 'P')), hex(frame));
    assert.equal(hex(encodeResponse({ call: 'close', status: 3 }, 'P')), '010001090000000400000003');
  });
});

describe('dialect C, byte by byte', () => {
  const source = 'qkd//app1@aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
  const destination = 'qkd//app2@bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb';

  it('OPEN_CONNECT', () => {
    const frame = bytes(`020101 02 0000009b ${ascii(source)}00 ${ascii(destination)}00 ${HEX_QOS_C} ${HEX_KSID}`);
    const decoded = { call: 'open', dialect: 'C', source, destination, qos: QOS_C, ksid: KSID } as const;
    assert.deepEqual(request(frame), decoded);
    assert.equal(hex(encodeRequest(decoded, 'C')), hex(frame));
    for (const [status, ksid, hexKsid] of [
      [0, KSID, HEX_KSID],
      [5, null, '00'.repeat(16)],
    ] as const) {
      const answer = { call: 'open', dialect: 'C', status, qos: QOS_C, ksid } as const;
      const answerFrame = bytes(`020101 03 00000041 0000000${status} ${HEX_QOS_C} ${hexKsid}`);
      assert.equal(hex(encodeResponse(answer, 'P')), hex(answerFrame));
      assert.deepEqual(response(answerFrame, 'C'), answer);
    }
  });

  it('GET_KEY: the client sends key type and role where metadata belongs', () => {
    const frame = bytes(`020101 04 0000001a ${HEX_KSID} 00000003 00000002 0110`);
    const decoded = {
      call: 'get',
      dialect: 'C',
      ksid: KSID,
      index: 3,
      metadataRoom: Number.POSITIVE_INFINITY,
    } as const;
    assert.deepEqual(request(frame), decoded);
    assert.equal(hex(encodeRequest(decoded, 'C', Uint8Array.of(1, 0x10))), hex(frame));
    const none = bytes(`020101 04 00000018 ${HEX_KSID} 00000003 00000000`);
    assert.deepEqual(request(none), { ...decoded, dialect: null, metadataRoom: 0 }, 'alike in both dialects');
    const answer: GetResponse = {
      call: 'get',
      dialect: 'C',
      status: 0,
      index: 3,
      key: SecretBytes.adopt(bytes('a1b2c3d4')),
      metadata: '{}',
      metadataNeeded: 0,
    };
    const answerFrame = '020101 05 00000016 00000000 00000003 00000004 a1b2c3d4 00000002 7b7d';
    assert.equal(hex(encodeResponse(answer, 'P')), hex(bytes(answerFrame)));
    const failed = { ...answer, status: 2, key: null, metadata: '' } as const;
    const failedFrame = bytes('020101 05 00000010 00000002 00000003 00000000 00000000');
    assert.equal(hex(encodeResponse(failed, 'P')), hex(failedFrame));
    assert.deepEqual(response(failedFrame, 'C'), failed);
  });

  it('CLOSE, and "close server"', () => {
    assert.equal(hex(encodeRequest({ call: 'close', ksid: KSID }, 'C')), `0201010800000010${HEX_KSID}`);
    assert.equal(hex(encodeResponse({ call: 'close', status: 0 }, 'C')), '020101090000000400000000');
    assert.equal(decodeHeader(bytes('020101 ff ffffffff')).call, 'close-server');
  });
});

describe('what is no message', () => {
  const malformed = (frame: string, pattern: RegExp): void =>
    assert.throws(() => request(bytes(frame)), { code: 'kme/malformed', message: pattern });

  it('is told apart', () => {
    malformed('010001 04 00010001', /at most 65536/);
    malformed('010001 06 00000000', /service 6/);
    malformed('010001 00 00000000', /service 0/);
    malformed(`010001 05 00000018 ${HEX_KSID} 00000000 00000000`, /response/);
    malformed('010001', /header/);
    malformed(`010001 04 00000014 ${HEX_KSID} 00000000`, /too early/);
    malformed(`010001 04 0000001a ${HEX_KSID} 00000000 00000003 0000`, /too early/);
    malformed(`010001 04 0000001a ${HEX_KSID} 00000000 00000001 0000`, /left over/);
    malformed(`010001 04 0000001a ${HEX_KSID} 00000000 00000000 0000`, /left over/);
    malformed(`010001 08 00000011 ${HEX_KSID}00`, /left over/);
    malformed(`010001 02 00000800 ${'61'.repeat(2048)}`, /does not end within/);
    malformed(`010001 02 00000002 0900`, /printable/);
    malformed(`010001 02 00000004 6100 6200`, /too early/);
    const open = (type: string): string => `020101 02 00000000 6100 6200 ${'00'.repeat(28)} ${type} ${HEX_KSID}`;
    malformed(open(''), /1 to 256/);
    malformed(open('61'), /zero/);
    malformed(open('610000'), /left over/);
    malformed(open(`61${'00'.repeat(254)}62`), /left over/);
    malformed(open(`${'61'.repeat(256)}00`), /1 to 256/);
  });

  it('cannot be written either', () => {
    const close = { call: 'close', ksid: 'x' } as const;
    assert.throws(() => encodeRequest(close, 'P'), { code: 'kme/malformed' });
    const get = { call: 'get', dialect: 'P', ksid: KSID, index: 2 ** 32, metadataRoom: 0 } as const;
    assert.throws(() => encodeRequest(get, 'P'), { code: 'kme/malformed' });
    const key = SecretBytes.adopt(new Uint8Array(MAX_PAYLOAD_BYTES));
    const answer = { ...get, index: 0, status: 0, key, metadata: '', metadataNeeded: 0 } as const;
    assert.throws(() => encodeResponse(answer, 'P'), { code: 'kme/malformed' });
  });
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const printable = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength });
const ksid = fc.uuid();
const qos: fc.Arbitrary<Qos> = fc.record(
  {
    chunkBytes: u32,
    maxBps: u32,
    minBps: u32,
    jitterBps: u32,
    priority: u32,
    timeoutMs: u32,
    ttlS: u32,
    metadataType: printable(255),
  },
  { noNullPrototype: true },
);
const dialect = fc.constantFrom<Dialect>('P', 'C');
const anyRequest = fc.oneof(
  fc.record(
    {
      call: fc.constant('open' as const),
      dialect,
      source: printable(1024),
      destination: printable(1024),
      qos,
      ksid: fc.option(ksid),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { call: fc.constant('get' as const), dialect, ksid, index: u32, metadataRoom: u32 },
    { noNullPrototype: true },
  ),
  fc.record({ call: fc.constant('close' as const), ksid }, { noNullPrototype: true }),
);

describe('whatever comes', () => {
  it('a request that was written is read again', () => {
    fc.assert(
      fc.property(anyRequest, dialect, (asked, said) => {
        if (asked.call === 'open') return assert.deepEqual(request(encodeRequest(asked, asked.dialect)), asked);
        if (asked.call === 'close') return assert.deepEqual(request(encodeRequest(asked, said)), asked);
        const { metadataRoom } = asked;
        const read = metadataRoom === 0 ? 0 : said === 'C' ? Number.POSITIVE_INFINITY : metadataRoom;
        const expected = { ...asked, dialect: metadataRoom === 0 ? null : said, metadataRoom: read };
        assert.deepEqual(request(encodeRequest(asked, said)), expected);
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });

  it('a response that was written is read again', () => {
    const status = fc.integer({ min: 0, max: 8 }) as fc.Arbitrary<StreamResponse['status']>;
    const material = fc.record({ index: u32, bytes: fc.uint8Array({ maxLength: 300 }), metadata: printable(80) });
    fc.assert(
      fc.property(dialect, status, qos, ksid, material, (said, of, terms, id, { index, bytes: key, metadata }) => {
        const opened = { call: 'open', dialect: said, status: of, qos: terms, ksid: id } as const;
        const readOpen = response(encodeResponse(opened, 'P'), said);
        if (said === 'C' || of === 0 || of === 1 || of === 7) assert.deepEqual(readOpen, opened);
        else assert.equal(readOpen.status, of);
        const secret = of === 0 ? SecretBytes.adopt(Uint8Array.from(key)) : null;
        const got = {
          call: 'get',
          dialect: said,
          status: of,
          index,
          key: secret,
          metadata,
          metadataNeeded: 9,
        } as const;
        const readGet = response(encodeResponse(got, said), said) as GetResponse;
        assert.equal(readGet.status, of);
        assert.equal(readGet.key === null, of !== 0);
        if (of === 0) {
          assert.deepEqual([readGet.index, readGet.metadata], [index, metadata]);
          assert.ok(readGet.key!.equals(secret!));
        }
        if (said === 'P') assert.equal(readGet.metadataNeeded, of === 8 ? 9 : 0);
      }),
      { seed: 2, numRuns: 3_000 },
    );
  });

  it('arbitrary and broken bytes are read or refused with kme/malformed, both ways', () => {
    const broken = fc
      .tuple(anyRequest, dialect, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([asked, said, changes, cut]) => {
        const frame = encodeRequest(asked, asked.call === 'open' ? asked.dialect : said);
        for (const [at, value] of changes) frame[at % frame.length] = value;
        return frame.subarray(0, cut % 3 === 0 ? cut % (frame.length + 1) : frame.length);
      });
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 400 })), dialect, (frame, said) => {
        for (const decode of [request, (of: Uint8Array) => response(of, said)]) {
          try {
            decode(frame);
            read++;
          } catch (error) {
            assert.ok(error instanceof KmeError && error.code === 'kme/malformed', String(error));
          }
        }
      }),
      { seed: 3, numRuns: 20_000 },
    );
    assert.ok(read > 1_000, `only ${read} were read`);
  });
});
