import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { readJson } from '../json.ts';
import {
  ACK_STATUSES,
  type Dialect,
  Malformed,
  readAcks,
  readExtKeys,
  readVoid,
  writeAcks,
  writeExtKeys,
  writeVoid,
} from './message.ts';
import { keyId } from './test/room.ts';

const bytes = (document: unknown): Uint8Array =>
  new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document));
const KEY = { key_id: keyId(1), value: 'AAECAwQFBgc=' };
const EXT = { keys: [KEY], initiator_sae_id: 'a', target_sae_ids: ['b'] };
const refused = (document: unknown, pattern: RegExp, dialect: Dialect = 'v1.1.1'): void =>
  assert.throws(
    () => readExtKeys(bytes(document), dialect),
    (error) => error instanceof Malformed && pattern.test(error.message),
  );

describe('ext_key_container', () => {
  it("reads the example of ETSI's own description", () => {
    const example = {
      keys: [
        {
          key_id: '550e8400-e29b-41d4-a716-446655440000',
          value: 'wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s=',
          extension: { E32473_extension1: 'Some string', E32473_extension2: { property1: 10111 } },
        },
      ],
      initiator_sae_id: 'encryptor1',
      target_sae_ids: ['encryptor2'],
      ack_callback_url: 'https://kme1/kmapi/v1/ext_keys/ack',
      extension_mandatory: { E32473_route_type: 'direct' },
      extension_optional: { E32473_qos_session: 'e73d9abe' },
    };
    const read = readExtKeys(bytes(example), 'v1.1.1');
    assert.equal(read.keys[0]?.key.length, 32);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(writeExtKeys(read))), example);
  });

  it('says where and what: missing, wrong type, sizes, ids, names of extensions', () => {
    refused('', /a value was expected/);
    refused('{"keys":[],"keys":[]}', /stands twice/);
    refused({ ...EXT, keys: [] }, /^keys shall be an array of 1 to 1024/);
    refused({ ...EXT, keys: Array(1025).fill(KEY) }, /^keys shall be an array/);
    refused({ ...EXT, keys: [KEY, { ...KEY, key_id: KEY.key_id.toUpperCase() }] }, /the same id stands twice/);
    refused({ ...EXT, keys: [{ ...KEY, key_id: { toString: 1 } }] }, /^keys\[0\]\.key_id shall be a UUID/);
    refused({ ...EXT, keys: [{ ...KEY, value: 'AAECAwQFBg' }] }, /^keys\[0\]\.value shall be padded base64/);
    refused({ ...EXT, keys: [{ ...KEY, value: 'AAEC' }] }, /64 to 4096 bits/);
    refused({ ...EXT, keys: [{ ...KEY, value: Buffer.alloc(513).toString('base64') }] }, /64 to 4096 bits/);
    refused({ ...EXT, initiator_sae_id: 'ä' }, /^initiator_sae_id shall be 1 to 64/);
    refused({ ...EXT, initiator_sae_id: 'a'.repeat(65) }, /^initiator_sae_id/);
    refused({ ...EXT, initiator_sae_id: '%4' }, /^initiator_sae_id/);
    refused({ ...EXT, target_sae_ids: 'b' }, /^target_sae_ids shall be an array/);
    refused({ ...EXT, target_sae_ids: ['a'] }, /stands twice/);
    refused({ ...EXT, ack_callback_url: 'http://x' }, /begins with https/);
    refused({ ...EXT, extension_mandatory: {} }, /1 to 1024 properties/);
    refused({ ...EXT, extension_mandatory: { vendor_x: 1 } }, /E, a private enterprise number/);
    refused({ ...EXT, extension_optional: [] }, /^extension_optional shall be an object/);
    assert.throws(() => readExtKeys(bytes({ keys: [KEY] }), 'v1.1.1'), { missing: true });
    assert.equal(readExtKeys(bytes({ ...EXT, unknown: null }), 'v1.1.1').keys.length, 1);
  });

  it('keys of a message that is refused are overwritten', (t) => {
    const wipe = t.mock.method(SecretBytes.prototype, 'wipe');
    refused({ ...EXT, keys: [KEY, { ...KEY, key_id: keyId(2) }], initiator_sae_id: null }, /initiator/);
    assert.equal(wipe.mock.callCount(), 2);
  });

  it('the draft demands extension_mandatory even when it is empty', () => {
    assert.equal(readExtKeys(bytes({ ...EXT, extension_mandatory: {} }), 'draft').mandatory, undefined);
  });
});

describe('ack_containers', () => {
  const ack = {
    key_id_container: [{ key_id: keyId(1) }],
    ack_status: 'relayed',
    initiator_sae_id: 'a',
    target_sae_ids: ['b'],
  };
  const { key_id_container: _, target_sae_ids: __, ...bare } = ack;
  const draft = { ...bare, key_ids: [keyId(1)], target_sae_id: 'b' };

  it('reads what it writes, every status, and nothing but an array of containers', () => {
    for (const status of ACK_STATUSES) {
      const acks = [{ keyIds: [keyId(1), keyId(2)], status, initiator: 'a', targets: ['b', 'c'], message: 'why' }];
      assert.deepEqual(readAcks(bytes(writeAcks(acks)), 'v1.1.1'), acks);
    }
    for (const bad of [ack, [{ ...ack, ack_status: 'done' }], [{ ...ack, message: 'x'.repeat(4097) }], [draft]]) {
      assert.throws(() => readAcks(bytes(bad), 'v1.1.1'), Malformed);
    }
  });

  it('from a peer of the draft: its names, and one container without an array', () => {
    const expected = [{ keyIds: [keyId(1)], status: 'relayed', initiator: 'a', targets: ['b'] }];
    for (const body of [[draft], draft, [ack], ack]) assert.deepEqual(readAcks(bytes(body), 'draft'), expected);
  });
});

describe('any message', () => {
  const sae = fc.stringMatching(/^[a-z0-9:./-]{1,20}$/);
  const extension = fc.dictionary(fc.stringMatching(/^E[1-9][0-9]{0,4}_[a-z]{0,5}$/), fc.jsonValue({ maxDepth: 2 }), {
    minKeys: 1,
    maxKeys: 3,
  });
  const ids = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 5 });
  const saes = fc.uniqueArray(sae, { minLength: 2, maxLength: 5 });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(ids, saes, extension, fc.boolean(), fc.uint8Array({ minLength: 8, maxLength: 60 }), (...drawn) => {
        const [keyIds, [initiator, ...targets], extra, with_, key] = drawn;
        const written = {
          keys: keyIds.map((id) => ({
            keyId: id,
            key: SecretBytes.adopt(key.slice()),
            ...(with_ && { extension: readJson(bytes(extra)) as never }),
          })),
          ...{ initiator: initiator!, targets },
          ...(with_ && { callbackUrl: 'https://k/ack', optional: readJson(bytes(extra)) as never }),
        };
        const read = readExtKeys(writeExtKeys(written), 'v1.1.1');
        for (const { key: secret } of read.keys) assert.ok(secret.equals(SecretBytes.adopt(key.slice())));
        const plain = (message: typeof read) =>
          JSON.stringify({ ...message, keys: message.keys.map(({ keyId: id }) => id) });
        assert.equal(plain(read), plain({ ...written }));
        const request = { keyIds, initiator: initiator!, targets, allConfirmed: with_ };
        assert.deepEqual(readVoid(bytes(writeVoid(request)), 'v1.1.1'), request);
      }),
      { numRuns: 500 },
    );
  });
});
