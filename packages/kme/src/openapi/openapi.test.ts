import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { answer014 } from '../etsi014/handler.ts';
import { DEFAULT_LIMITS } from '../etsi014/request.ts';
import { timeoutProblem } from '../etsi020/problem.ts';
import { keyId, Room } from '../etsi020/test/room.ts';
import type { HttpResponse } from '../http.ts';
import { SdnEvents } from '../sdn/events.ts';
import { sdnNode, uuidOf } from '../sdn/model.ts';
import { changes } from '../sdn/notification.ts';
import { Restconf, STREAM_PATH } from '../sdn/restconf.ts';
import { applicationView, interfaceView, linkView, networkView } from '../sdn/test/network.ts';
import { KeyRefusal } from '../service.ts';
import { Skip } from '../skip/skip.ts';
import { Pair } from '../skip/test/pair.ts';
import { OPENAPI_DOCUMENTS, openApiText, serveOpenApi } from './openapi.ts';
import { Coverage, violations } from './test/schema.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'openapi');

describe('the documents', () => {
  it('are the files that are checked in and what is served, byte by byte', () => {
    const files = readdirSync(FOLDER).sort();
    assert.deepEqual(
      files,
      Object.keys(OPENAPI_DOCUMENTS).map((name) => `${name}.json`),
    );
    for (const file of files) {
      const text = readFileSync(join(FOLDER, file), 'utf8');
      assert.equal(text, openApiText(file.replace('.json', '')), `${file}: run node packages/kme/write-openapi.ts`);
      assert.equal(get(`/openapi/${file}`).body, text);
    }
    assert.deepEqual(
      JSON.parse(get('/openapi').body as string).documents,
      files.map((file) => `/openapi/${file}`),
    );
    for (const path of ['/openapi/', '/openapi/x.json', '/openapi/__proto__.json', '/openapi/constructor.json']) {
      assert.equal(get(path).status, 404, path);
    }
    assert.equal(get('/openapi', 'POST').status, 405);
  });

  it('hold together: every reference is there, every parameter of a path is described, ids are unique', () => {
    for (const [name, document] of Object.entries(OPENAPI_DOCUMENTS)) {
      const text = JSON.stringify(document);
      const used = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, schema]) => schema));
      const schemas = Object.keys(document.components.schemas ?? {});
      // What an event holds is described for its reader; no answer refers to it.
      assert.deepEqual([...used].sort(), schemas.filter((schema) => schema !== 'Notification').sort(), name);
      const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
      assert.equal(new Set(ids).size, ids.length);
      for (const [path, item] of Object.entries(document.paths ?? {})) {
        for (const verb of ['get', 'head', 'post'] as const) {
          if (!item[verb]) continue;
          const described = [...(item.parameters ?? []), ...(item[verb].parameters ?? [])];
          const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter]) => parameter);
          const inPath = described.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
          assert.deepEqual(inPath, named, `${name} ${verb} ${path}`);
        }
      }
    }
  });

  it('the validator finds what is wrong', () => {
    const { etsi014, skip } = OPENAPI_DOCUMENTS;
    const container = { $ref: '#/components/schemas/KeyContainer' };
    const key = { key_ID: keyId(1), key: 'AAECAwQFBgc=' };
    assert.deepEqual(violations({ keys: [key] }, container, etsi014!), []);
    for (const bad of [
      ...[
        { Keys: [key] },
        { keys: [] },
        { keys: key },
        { keys: [{ ...key, key: '-_==' }] },
        { keys: [{ key_ID: 'x', key: key.key }] },
      ],
      ...[
        { keys: [{ key: key.key }] },
        { keys: [key], status: null },
        null,
        [],
        { keys: [{ ...key, key_extension: { x: 1 } }] },
      ],
    ]) {
      assert.notDeepEqual(violations(bad, container, etsi014!), [], JSON.stringify(bad));
    }
    assert.notDeepEqual(
      violations({ randomStr: 'ABC', minentropy: 1.5 }, { $ref: '#/components/schemas/Entropy' }, skip!),
      [],
    );
  });
});

describe('real answers are what the documents say', () => {
  it('ETSI GS QKD 014: every path, verb and status', async () => {
    const coverage = new Coverage(OPENAPI_DOCUMENTS.etsi014!);
    const keys = new Pair();
    const ask = async (method: string, target: string, body?: object | string, saeId = 'a'): Promise<unknown> => {
      const [path = '', query = ''] = target.split('?');
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const request = { saeId, method, path, query: new URLSearchParams(query), body: new TextEncoder().encode(text) };
      const options = { keys, limits: DEFAULT_LIMITS, isLocal: (id: string) => id === 'a' || id === 'b' };
      const answer = await answer014(request, options);
      coverage.check(method, path, answer);
      const told = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body ?? []).toString();
      return told && JSON.parse(told);
    };
    const at = (sae: string, resource: string): string => `/api/v1/keys/${sae}/${resource}`;
    await ask('GET', at('b', 'status'));
    keys.alarms = [{ link: 'micius-beijing', reason: 'Eve' }];
    keys.forecast = { readyAtMs: 1_700_000_000_000, bits: [1, 2, 3] };
    await ask('GET', at('b', 'status'));
    const made = async (method: string, query = '', body?: object): Promise<string[]> =>
      ((await ask(method, at('b', 'enc_keys') + query, body)) as { keys: { key_ID: string }[] }).keys.map(
        ({ key_ID }) => key_ID,
      );
    const [one] = await made('GET', '?number=1&size=128');
    const two = await made('POST', '', { number: 2, extension_mandatory: [{ skykey_route_type: 'relayed' }] });
    await ask('GET', `${at('a', 'dec_keys')}?key_ID=${one}`, undefined, 'b');
    await ask('POST', at('a', 'dec_keys'), { key_IDs: two.map((key_ID) => ({ key_ID })) }, 'b');
    const calls = [
      ['GET', 'status', ''],
      ['GET', 'enc_keys', ''],
      ['POST', 'enc_keys', ''],
      ['GET', 'dec_keys', `?key_ID=${one}`],
      ['POST', 'dec_keys', ''],
    ] as const;
    for (const [method, resource, query] of calls) {
      const body = method === 'POST' && resource === 'dec_keys' ? { key_IDs: [{ key_ID: one }] } : undefined;
      await ask(method, at('nobody', resource) + query, body);
      await ask(method, at('forbidden', resource) + query, body);
      await ask(method, at('b', resource) + query, body, 'stranger');
      keys.refusal = new KeyRefusal('short', 'not enough keys are available', 30);
      await ask(method, at('b', resource) + query, body);
      keys.refusal = undefined;
    }
    await ask('POST', at('b', 'enc_keys'), { extension_mandatory: [{ other_x: 1 }] });
    keys.refusal = new KeyRefusal('demand', 'no such way');
    keys.mayShare = () => undefined;
    await ask('POST', at('b', 'enc_keys'), { extension_mandatory: [{ skykey_min_paths: 2 }] });
    coverage.complete();
  });

  it('ETSI GS QKD 020: every path, verb and status', async () => {
    const coverage = new Coverage(OPENAPI_DOCUMENTS.etsi020!);
    const room = new Room();
    const [EXT, ACK, VOID] = ['/kmapi/v1/ext_keys', '/kmapi/v1/ext_keys/ack', '/kmapi/v1/ext_keys/void'];
    const ask = async (
      method: string,
      path: string,
      body: object | string = '',
      caller = 'kme-x',
    ): Promise<HttpResponse> => {
      const answer = await room.y.kms.handle({
        ...{ caller, method, path, query: new URLSearchParams(), headers: {} },
        body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
      });
      coverage.check(method, path, answer);
      return answer;
    };
    const pair = { initiator_sae_id: 'alice', target_sae_ids: ['bob'] };
    const callback = { ack_callback_url: 'https://kme-x:8443/kmapi/v1/ext_keys/ack' };
    const transfer = { ...pair, keys: [{ key_id: keyId(1), value: 'AAECAwQFBgc=' }] };
    await ask('GET', '/kmapi/versions');
    await ask('GET', '/kmapi/versions', '', 'stranger');
    await ask('POST', EXT, transfer);
    await ask('POST', EXT, { ...transfer, ...callback });
    const voiding = { ...pair, key_ids: [keyId(1), keyId(7)] };
    await ask('POST', VOID, voiding);
    await ask('POST', VOID, { ...voiding, ...callback });
    await ask('POST', VOID, { ...pair, key_ids: [] });
    for (const path of [EXT, ACK, VOID]) {
      await ask('POST', path, '[');
      await ask('POST', path, '{}');
      await ask('POST', path, transfer, 'stranger');
    }
    // An acknowledgement of something that was sent.
    room.y.exports.add(keyId(9), new Uint8Array(32));
    await room.y.kms.to('kme-x')!.offer({ keyIds: [keyId(9)], initiator: 'bob', targets: ['alice'] });
    const ack = {
      ...{ key_id_container: [{ key_id: keyId(9) }], ack_status: 'relayed' },
      ...{ initiator_sae_id: 'bob', target_sae_ids: ['alice'] },
    };
    await ask('POST', ACK, [ack]);
    await ask('POST', ACK, [{ ...ack, key_id_container: [{ key_id: keyId(8) }] }]);
    await ask('POST', EXT, { ...transfer, extension_mandatory: { E32473_x: 1 } });
    room.y.imports.refusal = new KeyRefusal('short', 'no pads');
    await ask('POST', EXT, { ...transfer, keys: [{ ...transfer.keys[0], key_id: keyId(2) }] });
    room.y.notebook.recall = async () => {
      throw new Error('the disk is gone');
    };
    for (const [path, body] of [
      [EXT, transfer],
      [ACK, [ack]],
      [VOID, voiding],
    ] as const)
      await ask('POST', path, body);
    // The transport tells the time, and has these words for it.
    for (const path of [EXT, VOID]) coverage.check('POST', path, timeoutProblem());
    coverage.complete();
  });

  it('ETSI GS QKD 020: what is sent is what the document asks for', async () => {
    const document = OPENAPI_DOCUMENTS.etsi020!;
    const room = new Room();
    room.y.imports.fate = 'pending';
    for (const n of [1, 2]) room.x.exports.add(keyId(n), new Uint8Array(32));
    const sender = room.x.kms.to('kme-y')!;
    await sender.offer({ keyIds: [keyId(1)], initiator: 'alice', targets: ['bob', 'carol'], optional: { E1_a: [1] } });
    await sender.offer({ keyIds: [keyId(2)], initiator: 'alice', targets: ['bob'] });
    await room.pass();
    room.y.imports.keys.get(keyId(2))!.fate = 'relayed';
    await room.pass();
    await sender.void([keyId(1)]);
    await room.pass();
    await room.pass();
    const sent = new Set<string>();
    for (const { url, body } of room.calls) {
      const path = new URL(url).pathname;
      sent.add(path);
      const schema = document.paths![path]!.post!.requestBody!.content['application/json']!.schema;
      assert.deepEqual(violations(JSON.parse(body), schema, document), [], path);
    }
    assert.equal(sent.size, 3);
  });

  it('SKIP: every path, verb and status', async () => {
    const coverage = new Coverage(OPENAPI_DOCUMENTS.skip!);
    const pair = new Pair();
    let well = true;
    const skip = new Skip({
      service: pair,
      clients: [{ saeId: 'a', localSystemId: 'Alice', remotes: [{ systemId: 'Bob', saeId: 'b' }] }],
      entropy: {
        healthy: () => well,
        draw: (bytes) => {
          if (bytes === 2) throw new Error('the device is gone');
          return SecretBytes.adopt(new Uint8Array(bytes));
        },
      },
      note: () => undefined,
    });
    const ask = async (path: string, query = '', caller = 'a'): Promise<void> => {
      const request = {
        caller,
        method: 'GET',
        path,
        query: new URLSearchParams(query),
        headers: {},
        body: new Uint8Array(),
      };
      coverage.check('GET', path, await skip.handle(request));
    };
    const unknown = `/key/${'0'.repeat(32)}`;
    const [made] = await pair.getKeys({ master: 'b', slaves: ['a'], count: 1, bytes: 32 });
    await ask(`/key/${made!.keyId.replaceAll('-', '')}`, 'remoteSystemID=Bob');
    for (const path of ['/capabilities', '/key', unknown, '/entropy']) await ask(path, '', 'stranger');
    await ask('/capabilities');
    await ask('/key', 'remoteSystemID=Bob');
    for (const path of ['/key', unknown]) {
      await ask(path);
      for (const refusal of [new KeyRefusal('short', 'none left'), new KeyRefusal('unavailable', 'no store')]) {
        pair.refusal = refusal;
        await ask(path, 'remoteSystemID=Bob');
      }
      pair.refusal = undefined;
    }
    for (const query of ['', 'minentropy=x', 'minentropy=16']) await ask('/entropy', query);
    well = false;
    await ask('/entropy');
    coverage.complete();
  });

  it('ETSI GS QKD 015: every path, verb and status, and every notification', () => {
    const document = OPENAPI_DOCUMENTS.etsi015!;
    const coverage = new Coverage(document);
    let broken = false;
    const restconf = new Restconf({
      controllers: ['sdn'],
      node: () => sdnNode(networkView(broken ? { links: [linkView({ keyRateBps: -1 })] } : {})),
      note: () => undefined,
    });
    const ask = (method: string, path: string, query = '', caller = 'sdn'): void => {
      const request = { caller, method, path, query: new URLSearchParams(query), headers: {}, body: new Uint8Array() };
      coverage.check(method, path, restconf.handle(request));
    };
    const root = '/restconf/data/etsi-qkd-sdn-node:qkd_node';
    const paths = [
      root,
      `${root}/qkd_links/qkd_link=${uuidOf('link', 'micius-beijing')}`,
      `${root}/qkd_interfaces/qkd_interface=1`,
      `${root}/qkd_applications/qkd_app=${uuidOf('app', 'desks')}`,
    ];
    for (const method of ['GET', 'HEAD']) {
      for (const path of paths) {
        broken = false;
        ask(method, path);
        ask(method, path, 'depth=1');
        ask(method, path, '', 'stranger');
        if (path !== root) ask(method, path.replace(/=.*/, '=9'));
        broken = true;
        ask(method, path);
      }
    }
    const headers = { 'Content-Type': 'text/event-stream' };
    const events = new SdnEvents({ run: 'r', nowMs: () => 0 });
    assert.ok(restconf.mayRead('sdn') && !restconf.mayRead('stranger'));
    ask('GET', STREAM_PATH, '', 'stranger');
    coverage.check('GET', STREAM_PATH, { status: 200, headers, body: events.since(undefined) });
    const never = 'the root is always there';
    coverage.complete({
      [`get ${root} 404`]: never,
      [`head ${root} 404`]: never,
    });

    const heard: string[] = [];
    events.subscribe(undefined, (text) => heard.push(text));
    const whole = networkView();
    const empty = networkView({ interfaces: [], links: [], virtualLinks: [], applications: [] });
    events.publish([
      ...changes(empty, whole),
      ...changes(whole, empty),
      ...changes(whole, networkView({ links: [linkView({ alarm: { reason: 'Eve' } })] })),
      ...changes(whole, networkView({ links: [linkView({ state: 'passive', consumptionBps: 9000 })] })),
      ...changes(whole, networkView({ interfaces: [interfaceView({ state: 'failed' })] })),
      ...changes(networkView({ interfaces: [interfaceView({ state: 'failed' })] }), whole),
      ...changes(whole, networkView({ applications: [applicationView({ priority: 1, state: 'zombie' })] })),
    ]);
    const told = heard.join('').matchAll(/^data: (.*)$/gm);
    const kinds = new Set<string>();
    for (const [, data] of told) {
      const notification = JSON.parse(data!);
      assert.deepEqual(violations(notification, { $ref: '#/components/schemas/Notification' }, document), []);
      kinds.add(Object.keys(notification['ietf-restconf:notification'])[1]!);
    }
    assert.equal(kinds.size, 11);
  });
});

function get(path: string, method = 'GET'): HttpResponse {
  return serveOpenApi({
    caller: null,
    method,
    path,
    query: new URLSearchParams(),
    headers: {},
    body: new Uint8Array(),
  });
}
