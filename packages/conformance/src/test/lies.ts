/** Servers that break the standard, each in one way. */
import { constants } from 'node:crypto';
import type { JsonObject } from '../json.ts';
import { bodyOf, container, document, error, refuses, reword, type Told } from './lie.ts';

export const LIES: Told = {
  'speaks TLS 1.1': {
    tls: { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    fails: ['014-5.1-tls-1.1-refused'],
  },
  'asks for a certificate and does not insist': {
    tls: { rejectUnauthorized: false },
    fails: ['014-5.1-no-certificate-refused', '014-5.1-foreign-certificate-refused'],
  },
  'believes any certificate': {
    tls: { rejectUnauthorized: false },
    switches: ['needs-some-certificate'],
    fails: ['014-5.1-foreign-certificate-refused'],
  },
  'has a certificate of another authority': { otherAuthority: true, fails: ['014-5.1-tls-1.2'] },
  'has a certificate with another name': { kmeName: 'somebody', fails: ['014-5.1-kme-id-in-certificate'] },
  'closes every connection': {
    leaving: (reply) => {
      reply.headers.Connection = 'close';
    },
    fails: ['014-5.1-keep-alive'],
  },
  'gives no session tickets': {
    tls: { secureOptions: constants.SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2', sessionTimeout: 1 },
    fails: ['014-D33-resumption'],
  },
  'sends text/html': {
    leaving: (reply) => {
      if (reply.status === 400) reply.headers['Content-Type'] = 'text/html';
    },
    fails: ['014-5.1-content-type'],
  },
  'sends JSON with a comma too many': {
    leaving: (reply, { resource }) => {
      if (resource === 'dec_keys' && reply.status === 200)
        reply.text = `${JSON.stringify(reply.document).slice(0, -1)},}`;
    },
    // Without a container to be read there is no array keys either, and no key that is seen to be still there.
    fails: ['014-5.1-json', '014-6.3-keys', '014-D3-duplicate-ids', '014-D12-refused-consumes-nothing'],
  },
  'names a member twice': {
    leaving: (reply, { resource }) => {
      if (resource === 'status' && reply.status === 200)
        reply.text = JSON.stringify(reply.document).replace('{', '{"key_size":256,');
    },
    fails: ['014-5.1-json-names'],
  },
  'answers 422 to what is no JSON': {
    leaving: error(/JSON|UTF-8|not one object/, (reply) => {
      reply.status = 422;
    }),
    fails: ['014-5.1-status-codes', '014-5.3-bad-request', '014-D17-strict-json'],
  },
  'hangs up on what is no JSON': {
    leaving: error(/JSON/, (reply) => {
      reply.hangUp = true;
    }),
    fails: ['014-5.3-bad-request', '014-D17-strict-json'],
  },
  'answers 403 for 401': {
    leaving: (reply) => {
      if (reply.status === 401) {
        reply.status = 403;
      }
    },
    fails: [
      '014-5.1-status-codes',
      '014-5.4-foreign-sae',
      '014-5.4-foreign-among-others',
      '014-5.4-own-and-foreign',
      '014-D8-pair-not-permitted',
      '014-D11-order',
      '014-D12-remembered',
    ],
  },
  'says twice how long a 401 is': {
    leaving: (reply) => {
      if (reply.status === 401) reply.headers['content-length'] = '0';
    },
    fails: [
      '014-5.4-foreign-sae',
      '014-5.4-foreign-among-others',
      '014-5.4-own-and-foreign',
      '014-5.4-master-is-no-slave',
      '014-D8-pair-not-permitted',
      '014-D11-order',
      '014-D12-refused-consumes-nothing',
      '014-D12-remembered',
    ],
  },
  'gives 401 a body': {
    leaving: (reply) => {
      if (reply.status !== 401) return;
      reply.headers = { 'Content-Type': 'application/json' };
      reply.document = { message: 'unauthorized' };
    },
    fails: ['014-5.1-401-without-body', '014-D14-content-length-0'],
  },
  'calls the message error': {
    leaving: error(/number/, (reply) => {
      reply.document = { error: 'number' };
    }),
    fails: ['014-6.5-message'],
  },
  'sends details as an object': {
    leaving: error(/^number$/, (reply) => {
      reply.document = { message: 'number', details: { number: 'too many' } };
    }),
    fails: ['014-6.5-details'],
  },

  'does not decode the path': { switches: ['path-as-it-is'], fails: ['014-5.2-path-decoded'] },
  'has no Get status': {
    leaving: refuses(({ resource }) => resource === 'status', 400),
    fails: ['014-5.2-get', '014-5.2-path-decoded'],
  },
  'leaves a member of Status out': {
    leaving: document('status', (status) => {
      delete status.target_KME_ID;
    }),
    fails: ['014-6.1-members'],
  },
  'tells figures as strings': {
    leaving: document('status', (status) => {
      status.max_key_count = String(status.max_key_count);
    }),
    fails: ['014-6.1-members'],
  },
  'fills optional members with null': {
    leaving: (reply, call) => {
      document('status', (status) => {
        status.status_extension = null;
      })(reply, call);
      container((whole, keys) => {
        whole.key_container_extension = null;
        for (const key of keys) key.key_ID_extension = null;
      })(reply, call);
    },
    fails: ['014-6.1-extension', '014-6.3-extensions'],
  },
  'adds members of its own': {
    leaving: (reply, call) => {
      document('status', (status) => {
        status.version = 7;
      })(reply, call);
      container((_, keys) => {
        for (const key of keys) key.created = 7;
      })(reply, call);
    },
    fails: ['014-6.1-no-other-members', '014-6.3-no-other-members'],
  },
  'swaps master and slave': {
    leaving: document('status', (status) => {
      [status.master_SAE_ID, status.slave_SAE_ID] = [status.slave_SAE_ID, status.master_SAE_ID];
    }),
    fails: ['014-6.1-identities', '014-D31-sae-id'],
  },
  'names itself as the KME of the slave': {
    leaving: document('status', (status) => {
      status.target_KME_ID = status.source_KME_ID;
    }),
    fails: ['014-6.1-kmes-agree'],
  },
  'stores more than the maximum': {
    leaving: document('status', (status) => {
      status.stored_key_count = (status.stored_key_count as number) + 10_000;
    }),
    fails: ['014-6.1-stored-within-max'],
  },
  'has a minimum above the default': {
    told: { min_key_size: 512 },
    fails: ['014-6.1-sizes-in-order', '014-6.1-sizes-kept', '014-D7-size'],
  },
  'allows no key in a request': {
    leaving: document('status', (status) => {
      status.max_key_per_request = 0;
    }),
    fails: ['014-6.1-per-request-positive'],
  },
  'has a negative number of slaves': { told: { max_SAE_ID_count: -1 }, fails: ['014-6.1-sae-count-not-negative'] },
  'never counts down': { switches: ['count-stands'], fails: ['014-6.1-stored-count-true', '014-D25-count-by-bits'] },
  'promises more keys in a request than it gives': {
    told: { max_key_per_request: 48 },
    fails: ['014-6.1-max-per-request-true', '014-D4-shortage'],
  },
  'promises smaller keys than it gives': {
    told: { min_key_size: 32 },
    fails: ['014-6.1-sizes-true'],
  },
  'gives any number': { switches: ['number-unbounded'], fails: ['014-6.1-max-per-request-kept', '014-D6-number'] },
  'gives any size': { switches: ['size-unbounded'], fails: ['014-6.1-sizes-kept', '014-D7-size'] },

  'knows no GET of keys': {
    leaving: (reply, { resource, method }) => {
      if (resource === 'enc_keys' && method === 'GET') {
        reply.status = 405;
        reply.document = { message: 'POST' };
      }
    },
    fails: [
      '014-5.1-status-codes',
      '014-5.3-get',
      '014-5.3-get-parameters',
      '014-D18-post-only-in-get',
      '014-D18-other-parameters',
      '014-D20-get-with-content-type',
    ],
  },
  'knows no POST of keys': {
    leaving: refuses(
      ({ resource, method, body }) =>
        resource === 'enc_keys' && method === 'POST' && body.includes('"number":1,"size":256'),
    ),
    fails: ['014-5.3-post'],
  },
  'demands a number': {
    leaving: refuses((call) => bodyOf(call) === '{}' && call.resource === 'enc_keys'),
    fails: ['014-6.2-all-optional'],
  },
  'gives fewer keys than asked': {
    leaving: document('enc_keys', (whole) => {
      const keys = whole.keys as JsonObject[];
      if (keys.length > 1) keys.pop();
    }),
    fails: ['014-5.3-get-parameters', '014-6.2-number', '014-6.1-stored-count-true'],
  },
  'gives two keys when nobody said how many': {
    leaving: document('enc_keys', (whole, call) => {
      const keys = whole.keys as JsonObject[];
      if (bodyOf(call) === '{"size":256}')
        keys.push({ ...keys[0]!, key_ID: crypto.randomUUID(), key: `${'A'.repeat(43)}=` });
    }),
    fails: ['014-6.2-number-default'],
  },
  'gives one size whatever is asked': {
    switches: ['one-size'],
    fails: ['014-5.3-get-parameters', '014-6.2-size'],
  },
  'has another default size than it says': {
    switches: ['short-default'],
    fails: ['014-6.2-size-default', '014-6.1-stored-count-true'],
  },
  'words the error of sizes freely': {
    leaving: reword(/multiple of 8/, 'Size must be a multiple of 8.'),
    fails: ['014-6.2-size-multiple-of-8'],
  },
  'ignores mandatory extensions': {
    switches: ['mandatory-ignored'],
    fails: ['014-6.2-extension-mandatory-unknown', '014-6.2-extension-mandatory-unmet', '014-D29-unmet-mandatory'],
  },
  'words the error of unknown extensions freely': {
    leaving: reword(/parameters are supported/, 'unknown extension'),
    fails: ['014-6.2-extension-mandatory-unknown'],
  },
  'words the error of unmet extensions freely': {
    leaving: reword(/could be met/, 'sorry'),
    fails: ['014-6.2-extension-mandatory-unmet', '014-D29-unmet-mandatory'],
  },
  'refuses optional extensions in its own words': {
    leaving: refuses((call) => bodyOf(call).includes('extension_optional":[{"conformance')),
    fails: ['014-6.2-extension-optional-unknown', '014-D29-optional-ignored'],
  },
  'counts its keys in a race': {
    switches: ['ids-from-a-race'],
    fails: ['014-5.3-concurrent', '014-5.3-key-id-unique'],
  },
  'gives the same key under new IDs': { switches: ['same-key-again'], fails: ['014-5.3-keys-removed'] },
  'gives an ID twice': {
    leaving: document('enc_keys', (whole) => {
      const keys = whole.keys as JsonObject[];
      if (keys.length === 24) keys[23]!.key_ID = keys[22]!.key_ID!;
    }),
    fails: ['014-5.3-key-id-unique'],
  },

  'writes Keys': {
    leaving: container((whole) => {
      whole.Keys = whole.keys;
      delete whole.keys;
    }),
    fails: ['014-6.3-keys'],
  },
  'leaves key IDs out': {
    leaving: document('dec_keys', (whole) => {
      for (const key of whole.keys as JsonObject[]) delete key.key_ID;
    }),
    fails: ['014-6.3-key-members', '014-D3-duplicate-ids', '014-D12-refused-consumes-nothing'],
  },
  'numbers its keys': { switches: ['ids-no-uuid'], fails: ['014-6.3-key-id-uuid'] },
  'writes URL-safe base64': {
    leaving: container((_, keys) => {
      for (const key of keys) key.key = Buffer.from(String(key.key), 'base64').toString('base64url');
    }),
    fails: ['014-6.3-key-base64'],
  },

  'knows no GET with a key ID': {
    leaving: refuses(({ resource, method }) => resource === 'dec_keys' && method === 'GET'),
    fails: ['014-5.4-get'],
  },
  'gives several keys only one by one': {
    leaving: refuses((call) => call.resource === 'dec_keys' && (bodyOf(call).match(/"key_ID"/g) ?? []).length === 3),
    fails: ['014-5.4-post'],
  },
  'gives the slave another key': {
    switches: ['slave-differs'],
    fails: ['014-5.4-same-keys', '014-6.2-multicast-same-keys'],
  },
  'gives the slave one key too few': {
    leaving: document('dec_keys', (whole) => {
      const keys = whole.keys as JsonObject[];
      if (keys.length === 4) keys.pop();
    }),
    fails: ['014-5.4-same-ids'],
  },
  'delivers again': {
    switches: ['delivers-again'],
    fails: ['014-5.4-once', '014-5.4-once-at-the-same-time', '014-5.4-multicast-once', '014-D1-lost-answer'],
  },
  'words "not found" freely': {
    leaving: reword(/not found on KME/, 'One or more keys specified are not found on KME'),
    fails: [
      '014-5.4-once',
      '014-5.4-unknown-id',
      '014-5.4-one-unknown-id',
      '014-5.4-multicast-once',
      '014-D1-lost-answer',
    ],
  },
  'answers 404 for an unknown key': {
    leaving: error(/not found on KME/, (reply) => {
      reply.status = 404;
    }),
    fails: [
      '014-5.1-status-codes',
      '014-5.4-once',
      '014-5.4-unknown-id',
      '014-5.4-one-unknown-id',
      '014-5.4-multicast-once',
      '014-D1-lost-answer',
    ],
  },
  'gives what it has of a list': { switches: ['partial'], fails: ['014-5.4-one-unknown-id'] },
  'gives keys to whoever knows an ID': {
    switches: ['foreign-gets-key'],
    fails: [
      '014-5.4-foreign-sae',
      '014-5.4-foreign-among-others',
      '014-5.4-own-and-foreign',
      '014-5.4-master-is-no-slave',
      '014-D12-remembered',
    ],
  },
  'looks for unknown IDs before it looks who asks': {
    switches: ['unknown-before-foreign'],
    fails: ['014-5.4-foreign-among-others'],
  },
  'is content with one key of the caller in a list': {
    switches: ['own-is-enough'],
    fails: ['014-5.4-own-and-foreign'],
  },
  'delivers twice in a race': { switches: ['delivery-race'], fails: ['014-5.4-once-at-the-same-time'] },
  'knows no extension of key IDs': {
    leaving: refuses((call) => bodyOf(call).includes('key_IDs_extension')),
    fails: ['014-6.4-extensions'],
  },
  'knows no empty lists': {
    leaving: refuses((call) => bodyOf(call).includes('"extension_mandatory":[]')),
    fails: ['014-6.2-empty-lists'],
  },
  'takes the master for a slave': { switches: ['master-is-slave'], fails: ['014-5.4-master-is-no-slave'] },
  'breaks down without key IDs': {
    leaving: error(/key_IDs is missing/, (reply) => {
      reply.status = 500;
    }),
    fails: ['014-5.1-status-codes', '014-5.4-bad-request'],
  },
  'breaks down at an odd key ID': {
    leaving: error(/shall be a UUID/, (reply) => {
      reply.status = 500;
    }),
    fails: ['014-5.1-status-codes', '014-5.4-bad-request', '014-D22-malformed-id'],
  },

  'serves any number of slaves': {
    switches: ['multicast-unbounded'],
    fails: ['014-6.2-multicast-limit', '014-D28-multicast-all-or-nothing'],
  },
  'gives the second slave another key': { switches: ['second-slave-differs'], fails: ['014-6.2-multicast-same-keys'] },
  'keeps one copy for all slaves': { switches: ['one-copy-for-all'], fails: ['014-6.2-multicast-same-keys'] },
};
