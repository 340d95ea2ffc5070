import assert from 'node:assert/strict';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { PROBLEM_BASE } from '../etsi020/problem.ts';
import { keyId, Room } from '../etsi020/test/room.ts';
import type { HttpRequest, HttpResponse } from '../http.ts';
import { serveOpenApi } from '../openapi/openapi.ts';
import { SdnEvents } from '../sdn/events.ts';
import { sdnNode, uuidOf } from '../sdn/model.ts';
import { Restconf } from '../sdn/restconf.ts';
import { networkView } from '../sdn/test/network.ts';
import { Skip } from '../skip/skip.ts';
import { Pair } from '../skip/test/pair.ts';

/** An interface and what is thrown at it. `ask` rejects when an answer is not one that the interface may give. */
export interface Target {
  readonly request: fc.Arbitrary<HttpRequest>;
  ask(request: HttpRequest): Promise<HttpResponse>;
}

const names = fc.constantFrom(
  ...[
    'keys',
    'key_id',
    'value',
    'extension',
    'initiator_sae_id',
    'target_sae_ids',
    'target_sae_id',
    'ack_callback_url',
  ],
  ...[
    'extension_mandatory',
    'extension_optional',
    'key_ids',
    'all_confirmation',
    'key_id_container',
    'ack_status',
    'message',
  ],
  ...['__proto__', 'constructor', 'toString', 'E1_x', 'x'],
);
const scalars = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    '',
    'alice',
    'bob',
    'carol',
    'relayed',
    'voided',
    'failed to void',
    keyId(1),
    keyId(2),
  ],
  ...[
    'AAECAwQFBgc=',
    'AAECAwQFBgd=',
    '%',
    'https://kme-x:8443/kmapi/v1/ext_keys/ack',
    'https://127.0.0.1/',
    {},
    [],
    [[]],
    [{}],
  ],
);

/** Messages of ETSI GS QKD 020 that are right but for one member, or not at all. */
const body = (() => {
  const pair = { initiator_sae_id: 'alice', target_sae_ids: ['bob'] };
  const callback = { ack_callback_url: 'https://kme-x:8443/kmapi/v1/ext_keys/ack' };
  const sound = fc.constantFrom<unknown>(
    { ...pair, ...callback, keys: [{ key_id: keyId(1), value: 'AAECAwQFBgc=' }] },
    { ...pair, keys: [{ key_id: keyId(2), value: 'AAECAwQFBgc=', extension: { E1_x: 1 } }] },
    { ...pair, ...callback, key_ids: [keyId(1), keyId(3)] },
    { ...pair, key_ids: [], all_confirmation: true },
    [{ ...pair, key_id_container: [{ key_id: keyId(4) }], ack_status: 'relayed' }],
  );
  const value = fc.oneof(scalars, fc.jsonValue({ maxDepth: 3 }));
  const bent = fc.tuple(sound, names, value, fc.nat(3)).map(([document, name, of, where]) => {
    const copy = JSON.parse(JSON.stringify(document));
    const holder = Array.isArray(copy) ? copy[0] : copy;
    const inner = (holder.keys ?? holder.key_id_container)?.[0];
    const target = where === 0 && inner ? inner : holder;
    // Own property even when the name is __proto__.
    Object.defineProperty(target, name, { value: of, enumerable: true, configurable: true, writable: true });
    return JSON.stringify(copy);
  });
  const torn = bent.chain((text) =>
    fc
      .tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 3 }))
      .map(([at, cut, noise]) => text.slice(0, at) + noise + text.slice(at + cut)),
  );
  const deep = fc.nat(60).map((depth) => '['.repeat(depth) + ']'.repeat(depth));
  return fc.oneof(
    { weight: 2, arbitrary: sound.map((document) => new TextEncoder().encode(JSON.stringify(document))) },
    { weight: 5, arbitrary: bent.map((text) => new TextEncoder().encode(text)) },
    { weight: 3, arbitrary: torn.map((text) => new TextEncoder().encode(text)) },
    { weight: 1, arbitrary: deep.map((text) => new TextEncoder().encode(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  );
})();

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'PUT', '', 'get', '__proto__') },
);
const caller = (ours: string) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(ours) },
    { weight: 1, arbitrary: fc.constantFrom(null, '', '__proto__', 'stranger') },
  );
const path = (...known: string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...known), fc.string({ maxLength: 6 })).map(([at, noise]) => at + noise),
    },
    { weight: 1, arbitrary: fc.webPath() },
    { weight: 1, arbitrary: fc.constantFrom('', '/', '//', '/__proto__', '/%', '/%ff', '/\u0000') },
  );
const query = (...known: string[]) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...known, '__proto__', 'x'),
        fc.oneof(fc.constantFrom('Bob', '*', '256', '0', '-1', '128', '9'.repeat(40), ''), fc.string({ maxLength: 8 })),
      ),
      { maxLength: 3 },
    )
    .map((pairs) => new URLSearchParams(pairs.map(([name, value]) => [name, value])));
const none = fc.constant(new Uint8Array());
const headers = fc.record({
  'content-type': fc.constantFrom('application/json', 'application/json; charset=UTF-8', undefined, 'text/html', ';;'),
  'last-event-id': fc.option(fc.oneof(fc.constantFrom('r.1', 'r.0', 'x.1'), fc.string({ maxLength: 12 })), {
    nil: undefined,
  }),
});

/** ETSI GS QKD 020 with its acknowledgements and time. */
export function hostileEtsi020(): Target {
  let room = new Room();
  let asked = 0;
  return {
    request: fc.record({
      ...{ caller: caller('kme-x'), method, headers, body, query: fc.constant(new URLSearchParams()) },
      path: path('/kmapi/versions', '/kmapi/v1/ext_keys', '/kmapi/v1/ext_keys/ack', '/kmapi/v1/ext_keys/void'),
    }),
    async ask(request) {
      // A store that grows for ever would be the double's, not the interface's.
      if (++asked % 500 === 0) room = new Room();
      const length = request.body.length;
      const answer = await room.y.kms.handle({ ...request, body: request.body.slice() });
      assert.ok([200, 202, 400, 401, 404, 405, 503].includes(answer.status), String(answer.status));
      const told = typeof answer.body === 'string' ? JSON.parse(answer.body) : undefined;
      if (answer.status >= 400) assert.ok(told.type.startsWith(PROBLEM_BASE) && told.status === answer.status);
      if (request.caller !== 'kme-x') assert.equal(answer.status, 401);
      assert.ok((answer.body?.length ?? 0) < 2_000 + 8 * length);
      if (asked % 50 === 0) await room.pass();
      assert.equal(
        room.y.notes.filter((note) => /a request of a foreign KME failed/.test(note)).length,
        0,
        room.y.notes.join(),
      );
      return answer;
    },
  };
}

export function hostileSkip(): Target {
  const notes: string[] = [];
  const skip = new Skip({
    service: new Pair(),
    clients: [{ saeId: 'a', localSystemId: 'Alice', remotes: [{ systemId: 'Bob', saeId: 'b' }] }],
    entropy: { healthy: () => true, draw: (bytes) => SecretBytes.adopt(new Uint8Array(bytes)) },
    note: (_, text) => notes.push(text),
  });
  return {
    request: fc.record({
      ...{ caller: caller('a'), method, headers, body: none, query: query('remoteSystemID', 'size', 'minentropy') },
      path: path('/capabilities', '/key', '/entropy', `/key/${'0'.repeat(31)}1`, '/key/'),
    }),
    async ask(request) {
      const answer = await skip.handle(request);
      assert.ok([200, 400, 401, 404, 405, 503].includes(answer.status), String(answer.status));
      assert.deepEqual(notes, []);
      const systems = request.query.getAll('remoteSystemID');
      if (answer.status === 200 && request.path === '/key') assert.deepEqual(systems, ['Bob']);
      return answer;
    },
  };
}

export function hostileEtsi015(): Target {
  const node = sdnNode(networkView());
  const restconf = new Restconf({ controllers: ['sdn'], node: () => node, note: () => undefined });
  const events = new SdnEvents({ run: 'r', nowMs: () => 0, kept: 4 });
  const link = { qkdl_id: 'x', reason: 'y' };
  for (let i = 0; i < 9; i++) events.publish([{ name: 'sdqkdn_link_down', content: { qkd_link: link } }]);
  const root = '/restconf/data/etsi-qkd-sdn-node:qkd_node';
  return {
    request: fc.record({
      ...{ caller: caller('sdn'), method, headers, body: none, query: query('depth', 'content') },
      path: path(
        ...[
          root,
          `${root}/`,
          `${root}/qkd_links/qkd_link=`,
          `${root}/qkd_links/qkd_link=${uuidOf('link', 'micius-beijing')}/`,
        ],
        ...[`${root}/qkd_applications/qkd_app`, `${root}/qkdn_capabilities/`, `${root}/qkd_interfaces/qkd_interface=1`],
      ),
    }),
    async ask(request) {
      const answer = restconf.handle(request);
      assert.ok([200, 400, 401, 404, 405].includes(answer.status), String(answer.status));
      const stream = events.since(request.headers['last-event-id']);
      assert.ok(stream.length < 2_000 && stream.startsWith('retry: 2000\n'));
      // What a reader sends is never told back to it: it cannot write events.
      for (const line of stream.split('\n'))
        assert.match(line, /^(|retry: 2000|: skykey r\.9|event: missed|id: r\.[6-9]|data: \{.*\})$/);
      return answer;
    },
  };
}

export function hostileOpenApi(): Target {
  return {
    request: fc.record({
      ...{ caller: caller('a'), method, headers, body: none, query: query('x') },
      path: path('/openapi', '/openapi/skip.json', '/openapi/', '/openapi/__proto__.json', '/openapi/../skip.json'),
    }),
    async ask(request) {
      const answer = serveOpenApi(request);
      assert.ok([200, 404, 405].includes(answer.status));
      return answer;
    },
  };
}
