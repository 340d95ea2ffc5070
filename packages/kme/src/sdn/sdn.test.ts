import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpResponse } from '../http.ts';
import { SdnEvents } from './events.ts';
import { SdnFeed } from './feed.ts';
import { sdnNode, uuidOf } from './model.ts';
import { changes, type Notification, type NotificationName } from './notification.ts';
import { Restconf } from './restconf.ts';
import { applicationView, interfaceView, linkView, networkView, virtualView } from './test/network.ts';

const names = (told: readonly Notification[]): NotificationName[] => told.map(({ name }) => name);

describe('the model', () => {
  it('is that of the YANG module, in the JSON of RFC 7951', () => {
    const node = sdnNode(networkView());
    const [physical, virtual] = node.qkd_links.qkd_link;
    assert.equal(node.qkdn_status, 'etsi-qkd-node-types:OPERATING');
    assert.deepEqual(physical, {
      qkdl_id: uuidOf('link', 'micius-beijing'),
      qkdl_status: 'etsi-qkd-node-types:ACTIVE',
      qkdl_enable: true,
      qkdl_local: { qkdn_id: node.qkdn_id, qkdi_id: 1 },
      qkdl_remote: { qkdn_id: uuidOf('node', 'micius'), qkdi_id: 7 },
      qkdl_type: 'etsi-qkd-node-types:PHYS',
      qkdl_applications: [],
      phys_channel_att: '32.123',
      phys_wavelength: '849',
      phys_qkd_role: 'etsi-qkd-node-types:RECEIVER',
      qkdl_performance: {
        expected_consumption: 300,
        skr: 1200,
        eskr: 1000,
        phys_perf: [
          { perf_type: 'etsi-qkd-node-types:QBER', value: '1.230' },
          { perf_type: 'etsi-qkd-node-types:SNR', value: '18.500' },
        ],
      },
    });
    assert.deepEqual(virtual?.virt_next_hop, [uuidOf('node', 'micius')]);
    assert.ok(!('phys_channel_att' in virtual!) && !('phys_perf' in virtual!.qkdl_performance));
    const [app] = node.qkd_applications.qkd_app;
    assert.deepEqual(app?.backing_qkdl_id, [virtual?.qkdl_id]);
    assert.deepEqual([app?.server_app_id, app?.client_app_id], ['urn:skykey:desk-beijing', ['urn:sae:desk-moscow']]);
    assert.equal(app?.creation_time, '2023-11-14T22:13:20.000Z');
    assert.deepEqual(virtual?.qkdl_applications, [app?.app_id]);
  });

  it('names become UUIDs of version 5, alike everywhere; UUIDs stay', () => {
    const id = uuidOf('link', 'micius-beijing');
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(uuidOf('node', 'micius-beijing'), id);
    assert.equal(uuidOf('link', id.toUpperCase()), id);
  });

  it('a link under alarm is off, whatever it makes', () => {
    const alarmed = linkView({ alarm: { reason: 'QBER 8.1 % above its bound' } });
    assert.equal(
      sdnNode(networkView({ links: [alarmed] })).qkd_links.qkd_link[0]?.qkdl_status,
      'etsi-qkd-node-types:OFF',
    );
  });

  it('what the types of the standard cannot hold is refused by name', () => {
    for (const [view, pattern] of [
      [{ links: [linkView({ keyRateBps: 5e9 })] }, /links micius-beijing: keyRateBps/],
      [{ links: [linkView({ lossDb: Number.NaN })] }, /lossDb/],
      [{ links: [linkView({ wavelengthNm: 0.2 })] }, /wavelengthNm/],
      [{ links: [linkView(), linkView()] }, /listed twice/],
      [{ interfaces: [interfaceView(), interfaceView()] }, /interfaces: 1 is listed twice/],
      [{ applications: [applicationView({ createdAtMs: Number.NaN })] }, /no time/],
      [{ applications: [applicationView({ priority: -1 })] }, /priority/],
    ] as const) {
      assert.throws(
        () => sdnNode(networkView(view)),
        (error: Error) => pattern.test(error.message),
      );
    }
  });
});

describe('notifications', () => {
  it('nothing changed, nothing told', () => assert.deepEqual(changes(networkView(), networkView()), []));

  it('an eavesdropper is a link that goes down and an alarm of severity MAJOR, first of all', () => {
    const reason = 'an eavesdropper: QBER 11.2 %';
    const told = changes(
      networkView(),
      networkView({ links: [linkView({ alarm: { reason } })], applications: [applicationView({ state: 'zombie' })] }),
    );
    const qkdl_id = uuidOf('link', 'micius-beijing');
    assert.deepEqual(told.slice(0, 2), [
      { name: 'sdqkdn_link_down', content: { qkd_link: { qkdl_id, reason } } },
      {
        name: 'alarm',
        content: {
          link: {
            ...{ qkdl_id, qkdl_status: 'etsi-qkd-node-types:OFF', message: reason },
            severity: 'etsi-qkd-node-types:MAJOR',
          },
        },
      },
    ]);
    assert.deepEqual(names(told), ['sdqkdn_link_down', 'alarm', 'event']);
    // On a link that had no key to lose it is told as loudly.
    const idle = linkView({ state: 'pending' });
    const quiet = changes(networkView({ links: [idle] }), networkView({ links: [{ ...idle, alarm: { reason } }] }));
    assert.deepEqual(names(quiet), ['sdqkdn_link_down', 'alarm']);
    const over = changes(
      networkView({ links: [{ ...idle, state: 'off', alarm: { reason } }] }),
      networkView({ links: [{ ...idle, state: 'off' }] }),
    );
    assert.deepEqual(names(over), ['event']);
    assert.match(JSON.stringify(over), /the alarm is over/);
  });

  it('every notification of the standard, each for its change and no other', () => {
    const cases: [NotificationName[], Parameters<typeof networkView>[0], Parameters<typeof networkView>[0]][] = [
      [['sdqkdn_application_new'], { applications: [] }, {}],
      [['sdqkdn_application_qos_update'], {}, { applications: [applicationView({ priority: 9 })] }],
      [['sdqkdn_application_qos_update'], {}, { applications: [applicationView({ quality: {} })] }],
      [['sdqkdn_application_disconnected'], {}, { applications: [applicationView({ state: 'disconnected' })] }],
      [['sdqkdn_application_disconnected'], {}, { applications: [] }],
      [[], { applications: [applicationView({ state: 'disconnected' })] }, { applications: [] }],
      [['event'], {}, { applications: [applicationView({ state: 'out-of-time' })] }],
      [['sdqkdn_interface_new'], {}, { interfaces: [interfaceView(), interfaceView({ number: 2 })] }],
      [['sdqkdn_interface_down'], {}, { interfaces: [interfaceView({ state: 'failed', reason: 'no cooling' })] }],
      [['event'], { interfaces: [interfaceView({ state: 'failed' })] }, {}],
      [['sdqkdn_interface_out'], {}, { interfaces: [] }],
      [['sdqkdn_link_down'], {}, { links: [linkView({ state: 'off', reason: 'clouds' })] }],
      [['sdqkdn_link_down'], {}, { links: [] }],
      [['event'], {}, { links: [linkView({ state: 'passive' })] }],
      [['sdqkdn_link_perf_update'], {}, { links: [linkView({ qber: 0.02 })] }],
      [[], {}, { links: [linkView({ qber: 0.0125, keyRateBps: 1210 })] }],
      [['sdqkdn_link_perf_update', 'sdqkdn_link_overloaded'], {}, { links: [linkView({ consumptionBps: 1001 })] }],
      [['sdqkdn_link_perf_update'], { virtualLinks: [] }, {}],
    ];
    const seen = new Set<string>(['alarm']);
    for (const [expected, before, after] of cases) {
      const told = names(changes(networkView(before), networkView(after)));
      assert.deepEqual(told, expected, JSON.stringify(after));
      for (const name of told) seen.add(name);
    }
    assert.equal(seen.size, 11);
    const overloaded = networkView({ virtualLinks: [virtualView({ consumptionBps: 50 })] });
    assert.deepEqual(changes(overloaded, overloaded), [], 'told once');
  });
});

describe('the feed', () => {
  it('a slow drift is told when it has gone far enough, whatever else happens meanwhile', () => {
    const heard: string[] = [];
    const events = new SdnEvents({ run: 'r', nowMs: () => 0 });
    events.subscribe(undefined, (text) => heard.push(text));
    const feed = new SdnFeed(events, networkView());
    const told: [number, NotificationName[]][] = [];
    for (let i = 1; i <= 25; i++) {
      const drifted = linkView({ keyRateBps: 1200 - 12 * i });
      const news = feed.observe(networkView({ links: [drifted], applications: [applicationView({ priority: i })] }));
      const others = names(news).filter((name) => name !== 'sdqkdn_application_qos_update');
      if (others.length) told.push([i, others]);
    }
    assert.deepEqual(told, [
      [11, ['sdqkdn_link_perf_update']],
      [20, ['sdqkdn_link_perf_update']],
    ]);
    assert.equal(feed.node.qkd_links.qkd_link[0]?.qkdl_performance.skr, 900);
    assert.equal(heard.length, 1 + 25 + 2);
    const virtual = virtualView({ consumptionBps: 41 });
    assert.deepEqual(names(feed.observe(networkView({ links: [], virtualLinks: [virtual] }))).slice(0, 2), [
      'sdqkdn_link_perf_update',
      'sdqkdn_link_overloaded',
    ]);
    assert.throws(() => feed.observe(networkView({ links: [linkView({ keyRateBps: -1 })] })), { code: 'kme/argument' });
    assert.equal(feed.node.qkd_links.qkd_link.length, 1);
  });
});

describe('the stream', () => {
  const fall: Notification = {
    name: 'sdqkdn_link_down',
    content: { qkd_link: { qkdl_id: 'x', reason: 'a\nb\r\nid: 9' } },
  };
  const stream = (kept?: number) =>
    new SdnEvents({ run: 'r1', nowMs: () => 1_700_000_000_000, ...(kept !== undefined && { kept }) });

  /** A reader by the HTML standard, 9.2.6, as far as it matters here. */
  function parse(text: string): { event: string; data: string; id: string }[] {
    let id = '';
    return text.split('\n\n').flatMap((block) => {
      let [event, data] = ['message', ''];
      for (const line of block.split('\n')) {
        const [, field, value = ''] = /^([a-z]*):? ?(.*)$/s.exec(line) ?? [];
        if (field === 'event') event = value;
        if (field === 'data') data += value;
        if (field === 'id') id = value;
      }
      return data ? [{ event, data, id }] : [];
    });
  }

  it('holds the JSON of RFC 8040, one line an event whatever stands in it', () => {
    const events = stream();
    const heard: string[] = [];
    const stop = events.subscribe(undefined, (text) => heard.push(text));
    events.publish([fall]);
    stop();
    events.publish([fall]);
    assert.deepEqual(parse(heard.join('')), [
      {
        event: 'message',
        id: 'r1.1',
        data: JSON.stringify({
          'ietf-restconf:notification': {
            eventTime: '2023-11-14T22:13:20.000Z',
            'etsi-qkd-sdn-node:sdqkdn_link_down': fall.content,
          },
        }),
      },
    ]);
  });

  it('who comes back gets what happened since, and is told what is not kept any more', () => {
    const events = stream(3);
    for (let i = 0; i < 5; i++) events.publish([fall]);
    const ids = (last: string | undefined) =>
      parse(events.since(last)).map(({ event, id, data }) => (event === 'missed' ? data : id));
    assert.deepEqual(ids(undefined), []);
    assert.deepEqual(ids('r1.5'), []);
    assert.deepEqual(ids('r1.3'), ['r1.4', 'r1.5']);
    assert.deepEqual(ids('r1.2'), ['r1.3', 'r1.4', 'r1.5']);
    assert.deepEqual(ids('r1.1'), ['{"count":1,"why":"they are not kept any more"}', 'r1.3', 'r1.4', 'r1.5']);
    for (const strange of ['r0.4', 'r1.6', 'r1.x', 'x', 'r1.05', '9'.repeat(400)]) {
      assert.deepEqual(ids(strange), [
        '{"count":null,"why":"the id is not of this run of the node"}',
        'r1.3',
        'r1.4',
        'r1.5',
      ]);
    }
  });

  it('no reader, wherever it breaks off and comes back, is left with a gap that it was not told of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(6), { maxLength: 12 }), (kept, steps) => {
        const events = stream(kept);
        let [last, seen, published] = [undefined as string | undefined, 0, 0];
        for (const step of steps) {
          for (let i = 0; i < step; i++) events.publish([fall]);
          published += step;
          for (const { event, id, data } of parse(events.since(last ?? 'r1.0'))) {
            if (event === 'missed') {
              seen = last === undefined ? published - Math.min(kept, published) : seen + JSON.parse(data).count;
              continue;
            }
            assert.equal(id, `r1.${++seen}`);
            last = id;
          }
          assert.equal(seen, published);
        }
      }),
    );
  });

  it('says what it cannot be made of', () => {
    assert.throws(() => new SdnEvents({ run: 'a.b', nowMs: () => 0 }), { code: 'kme/argument' });
    assert.throws(() => stream(0), { code: 'kme/argument' });
  });
});

describe('RESTCONF', () => {
  const root = '/restconf/data/etsi-qkd-sdn-node:qkd_node';
  const restconf = new Restconf({
    controllers: ['sdn'],
    node: () => sdnNode(networkView()),
    note: () => undefined,
  });
  const ask = (path: string, caller: string | null = 'sdn', method = 'GET', query = ''): HttpResponse => {
    const request = { caller, method, path, query: new URLSearchParams(query), headers: {}, body: new Uint8Array() };
    return restconf.handle(request);
  };
  const read = (path: string): unknown => {
    const { status, body } = ask(path);
    return status === 200 ? JSON.parse(body as string) : status;
  };

  it('the whole, a container, an entry by its key, a leaf; the module may be named at every step', () => {
    const node = JSON.parse(JSON.stringify(sdnNode(networkView())));
    const link = node.qkd_links.qkd_link[0];
    assert.deepEqual(read(root), { 'etsi-qkd-sdn-node:qkd_node': node });
    assert.deepEqual(read(`${root}/qkd_links`), { 'etsi-qkd-sdn-node:qkd_links': node.qkd_links });
    assert.deepEqual(read(`${root}/qkd_links/qkd_link`), { 'etsi-qkd-sdn-node:qkd_link': node.qkd_links.qkd_link });
    const entry = `${root}/qkd_links/qkd_link=${link.qkdl_id}`;
    assert.deepEqual(read(entry), { 'etsi-qkd-sdn-node:qkd_link': [link] });
    assert.deepEqual(read(`${entry}/qkdl_performance/skr`), { 'etsi-qkd-sdn-node:skr': 1200 });
    for (const key of ['QBER', 'etsi-qkd-node-types:QBER', 'etsi-qkd-node-types%3AQBER']) {
      assert.deepEqual(read(`${entry}/qkdl_performance/phys_perf=${key}/value`), {
        'etsi-qkd-sdn-node:value': '1.230',
      });
    }
    assert.deepEqual(read(`${root}/etsi-qkd-sdn-node:qkd_interfaces/qkd_interface=1/qkdi_model`), {
      'etsi-qkd-sdn-node:qkdi_model': 'Skykey simulated receiver',
    });
    const [app] = node.qkd_applications.qkd_app;
    const period = `${root}/qkd_applications/qkd_app=${app.app_id}/app_statistics/statistics=${encodeURIComponent('2023-11-14T22:14:20.000Z')}`;
    assert.deepEqual(read(`${period}/consumed_bits`), { 'etsi-qkd-sdn-node:consumed_bits': 8192 });
  });

  it('what is not there is 404, other verbs 405, queries 400, strangers 401; errors are those of RFC 8040', () => {
    for (const path of [
      ...[
        '/',
        '/restconf/data',
        '/restconf/data/other',
        `${root}x`,
        `${root}/`,
        `${root}/nothing`,
        `${root}/constructor`,
      ],
      ...[
        `${root}/__proto__`,
        `${root}/qkd_links/qkd_link=x`,
        `${root}/qkd_links/qkd_link/qkdl_id`,
        `${root}/qkdn_id=x`,
      ],
      ...[`${root}/qkdn_id/length`, `${root}/qkd_links/qkd_link/0`, `${root}/%ff`, `${root}/qkd_links/qkd_link=%`],
    ]) {
      assert.equal(read(path), 404, path);
    }
    const refused = ask(root, 'sdn', 'DELETE');
    assert.deepEqual([refused.status, refused.headers.Allow], [405, 'GET, HEAD']);
    assert.equal(ask(root, 'sdn', 'GET', 'depth=1').status, 400);
    for (const caller of [null, 'desk-beijing', '']) {
      const { status, body } = ask(root, caller);
      assert.equal(status, 401);
      assert.deepEqual(JSON.parse(body as string)['ietf-restconf:errors'].error[0]['error-tag'], 'access-denied');
    }
    const [get, head] = [ask(root), ask(root, 'sdn', 'HEAD')];
    assert.deepEqual([head.status, head.body], [200, undefined]);
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(get.body as string)));
  });

  it('a model that cannot be told is 500 for the controller, and a line for the operator', () => {
    const notes: string[] = [];
    const broken = new Restconf({
      controllers: ['sdn'],
      node: () => sdnNode(networkView({ links: [linkView({ keyRateBps: -1 })] })),
      note: (_, text) => notes.push(text),
    });
    const request = {
      caller: 'sdn',
      method: 'GET',
      path: root,
      query: new URLSearchParams(),
      headers: {},
      body: new Uint8Array(),
    };
    const { status, body } = broken.handle(request);
    assert.equal(status, 500);
    assert.doesNotMatch(body as string, /keyRateBps/);
    assert.match(notes.join(), /keyRateBps/);
  });
});
