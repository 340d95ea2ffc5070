/** Servers that keep the standard and decide otherwise than Skykey where it is silent. */

import type { JsonObject } from '../json.ts';
import { bodyOf, container, document, error, refuses, type Told } from './lie.ts';

export const DECIDED_LIES: Told = {
  'takes a key ID twice': { switches: ['duplicates-allowed'], fails: ['014-D3-duplicate-ids'] },
  'consumes what it refuses': {
    switches: ['consumes-before-looking'],
    fails: [
      '014-D3-duplicate-ids',
      '014-D4-shortage',
      '014-D12-refused-consumes-nothing',
      '014-D28-multicast-all-or-nothing',
    ],
  },
  'says nothing of when to ask again': {
    leaving: (reply) => {
      delete reply.headers['Retry-After'];
    },
    fails: ['014-D4-retry-after'],
  },
  'refuses members that it does not know': {
    leaving: refuses((call) => bodyOf(call).includes('conformance_suite')),
    fails: ['014-D16-unknown-members'],
  },
  'refuses parameters that it does not know': {
    leaving: refuses(({ query }) => query.has('conformance_suite')),
    fails: ['014-D18-other-parameters'],
  },
  'refuses an empty POST': {
    leaving: refuses(({ method, body }) => method === 'POST' && body.length === 0),
    fails: ['014-D19-empty-post'],
  },
  'refuses a GET with a Content-Type': {
    leaving: refuses(({ method, contentType }) => method === 'GET' && contentType !== undefined),
    fails: ['014-D20-get-with-content-type'],
  },
  'takes several key IDs in a GET': { switches: ['several-in-get'], fails: ['014-D21-two-ids-in-get'] },
  'minds the case of a key ID': { switches: ['case-matters'], fails: ['014-D22-any-case'] },
  'shouts key IDs': {
    leaving: container((_, keys) => {
      for (const key of keys) key.key_ID = String(key.key_ID).toUpperCase();
    }),
    fails: ['014-D22-lower-case'],
  },
  'sorts keys backwards': {
    leaving: document('dec_keys', (whole) => {
      (whole.keys as JsonObject[]).reverse();
    }),
    fails: ['014-D24-order'],
  },
  'makes key IDs of the time': { switches: ['ids-version-1'], fails: ['014-D23-version-4'] },
  'answers with HTTP/1.0': {
    leaving: (reply, { saeId, resource }) => {
      reply.oldHttp = saeId === 'bob' && resource === 'status';
    },
    fails: ['014-5.1-http-1.1'],
  },
  'turns an unknown SAE away like one without permission': {
    leaving: error(/is not in the network/, (reply) => {
      reply.status = 401;
      reply.headers = { 'Content-Length': '0' };
      reply.document = undefined;
    }),
    fails: ['014-D8-unknown-sae'],
  },
  'goes on listening after too large a body': {
    leaving: error(/too large/, (reply) => {
      delete reply.headers.Connection;
    }),
    fails: ['014-D9-large-body'],
  },
  'gives the second slave nothing before the first': {
    leaving: refuses(({ saeId, body }) => saeId === 'carol' && body.length < 80),
    fails: ['014-D28-multicast-own-copies'],
  },
  'knows no parameter of ours': {
    leaving: refuses((call) => bodyOf(call).includes('mandatory":[{"skykey_min_paths":1}')),
    fails: ['014-D29-known-mandatory'],
  },
  'tells the route unasked': { switches: ['route-always'], fails: ['014-D30-route-on-demand'] },
  'lets keys be cached': {
    leaving: (reply) => {
      delete reply.headers['Cache-Control'];
    },
    fails: ['014-D32-no-store'],
  },
  'answers 400 to everything odd': {
    leaving: (reply) => {
      if (reply.status === 404 || reply.status === 405) reply.status = 400;
    },
    fails: ['014-D34-unknown-path', '014-D34-other-verb'],
  },
};
