import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { decide, readPolicy } from '@skykey/kme';
import { type Mission, missionOf, readScenario } from '@skykey/scenario';
import {
  loadConfiguration,
  loadMission,
  type SatelliteConfiguration,
  type SiteConfiguration,
  type SkyConfiguration,
  satelliteConfiguration,
  scenarioFile,
  siteConfiguration,
  skyConfiguration,
} from '../configuration.ts';
import { makeFolder, type Plan, portPlan, provision } from './provision.ts';

const NAME = 'micius-2016-12-19';
const MICIUS = loadMission(NAME);
const root = mkdtempSync(join(tmpdir(), 'skykey-provision-'));
after(() => rmSync(root, { recursive: true }));

const make = (data: string, more: Partial<Parameters<typeof provision>[0]> = {}): Promise<Plan> =>
  provision({ mission: MICIUS, scenarioName: NAME, data: join(root, data), port: 7300, now: Date.now(), ...more });

/** The shipped scenario with a change. */
function changed(change: (document: { [name: string]: never }) => void): Mission {
  const file = scenarioFile(NAME);
  const document = JSON.parse(readFileSync(file, 'utf8'));
  change(document);
  const text = JSON.stringify(document);
  return missionOf(readScenario(text, 'mine.json', (name) => readFileSync(join(dirname(file), name), 'utf8')));
}

const bytesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(folder, file), readFileSync(file).toString('hex')]),
  );

function read(plan: Plan): { sky: SkyConfiguration; satellite: SatelliteConfiguration; sites: SiteConfiguration[] } {
  const file = (role: string): string[] =>
    plan.processes.filter((process) => process.role === role).map(({ configurationFile }) => configurationFile);
  return {
    sky: loadConfiguration(file('sky')[0]!, skyConfiguration),
    satellite: loadConfiguration(file('satellite')[0]!, satelliteConfiguration),
    sites: file('site').map((name) => loadConfiguration(name, siteConfiguration)),
  };
}

describe('the ports', () => {
  it('are all different, from the first of twenty on', () => {
    for (const first of [1024, 7300, 65500]) {
      const plan = portPlan(first);
      const all = [plan.console, plan.sky, plan.devices, plan.link, plan.satellite];
      for (const site of [0, 1]) all.push(plan.kme(site), plan.etsi004(site), plan.site(site), plan.peer(site));
      assert.equal(new Set(all).size, 13);
      assert.ok(all.every((port) => port >= first && port < first + 20 && port <= 65535));
      assert.equal(plan.console, first);
    }
  });

  it('begin where an ordinary user may listen, and end where ports end', () => {
    for (const first of [0, 1023, 65501, 7300.5, Number.NaN, -1]) {
      assert.throws(() => portPlan(first), {
        name: 'NodeError',
        code: 'node/port',
        message: `--port is ${first}; give the first of twenty free ports, from 1024 to 65500`,
      });
    }
  });
});

describe('a first start', () => {
  it('writes one configuration a process, each reading its own files and its peers ports', async () => {
    const plan = await make('first');
    assert.deepEqual(
      plan.processes.map(({ name, role }) => [name, role]),
      [
        ['sky', 'sky'],
        ['micius', 'satellite'],
        ['beijing', 'site'],
        ['moscow', 'site'],
      ],
    );
    const { sky, satellite, sites } = read(plan);
    const [beijing, moscow] = sites as [SiteConfiguration, SiteConfiguration];
    for (const [index, process] of [sky, satellite, beijing, moscow].entries()) {
      assert.equal(process.operationsPort, plan.processes[index]!.operationsPort);
      assert.equal(process.scenario, NAME);
    }
    assert.equal(satellite.transmitter.port, sky.devicePort);
    assert.deepEqual(sky.tokens, {
      'transmitter micius': satellite.transmitter.token,
      'receiver xinglong': beijing.receiver.token,
      'receiver zvenigorod': moscow.receiver.token,
    });
    assert.equal(new Set(Object.values(sky.tokens)).size, 3);
    for (const [site, other] of [
      [beijing, moscow],
      [moscow, beijing],
    ] as const) {
      assert.equal(site.receiver.port, sky.devicePort);
      assert.equal(site.satellitePort, satellite.linkPort);
      assert.deepEqual([site.peer.siteId, site.peer.kmeId], [other.nodeId, other.kme.kmeId]);
      assert.equal(site.peer.port, other.peer.listenPort);
      assert.equal(site.kme.peerDeskSaeId, other.kme.deskSaeId);
      assert.deepEqual(site.kme.saes, other.kme.saes);
      // The outside is let in by the SAEs' authority, the other key manager by the KMEs'.
      assert.equal(basename(site.kme.tls.ca), 'sae-ca.crt');
      assert.equal(basename(site.peer.tls.ca), 'kme-ca.crt');
      for (const path of [...Object.values(site.kme.tls), ...Object.values(site.peer.tls), site.courier]) {
        assert.ok(isAbsolute(path) && existsSync(path), path);
      }
    }
    assert.equal(beijing.conversationId, moscow.conversationId);
    assert.equal(new Set([satellite, beijing, moscow].flatMap(({ vault, keyring }) => [vault, keyring])).size, 6);
  });

  it('writes a policy: desk with desk, SAE with SAE, and what the scenario says of its key', async () => {
    const plan = await make('policy');
    const [beijing, moscow] = read(plan).sites.map(({ kme }) => kme) as [
      SiteConfiguration['kme'],
      SiteConfiguration['kme'],
    ];
    assert.equal(beijing.policy, moscow.policy);
    const policy = readPolicy(readFileSync(beijing.policy));
    assert.deepEqual(policy.pairs, [
      ['desk-beijing', 'desk-moscow'],
      ['sae-beijing', 'sae-moscow'],
    ]);
    const { protocol } = MICIUS.document;
    const labels = {
      originLinks: ['micius-beijing', 'micius-moscow'],
      routes: [['beijing', 'micius', 'moscow']],
      jurisdictions: [],
      epsSec: 2 * protocol.epsSec.value,
      epsCor: 2 * protocol.epsCor.value,
      proof: protocol.proof.value,
      simulated: true,
      createdAtMs: 0,
      expiresAtMs: null,
    };
    for (const pair of policy.pairs) {
      assert.equal(decide(policy, pair, labels, { nowMs: 0 }).allowed, true);
      const detour = { ...labels, routes: [['beijing', 'micius', 'delhi', 'moscow']] };
      assert.equal(decide(policy, pair, detour, { nowMs: 0 }).allowed, false);
    }
    assert.equal(policy.rulesFor(['desk-beijing', 'sae-moscow']), undefined);
  });

  it('carries one secret key to both ends of each link, another for each link', async () => {
    const plan = await make('couriers');
    const { satellite, sites } = read(plan);
    const keys = sites.map(({ nodeId, courier }) => {
      const here = readFileSync(courier);
      assert.deepEqual(readFileSync(satellite.couriers[`micius-${nodeId}`]!), here);
      assert.equal(here.length, MICIUS.live.courieredBytes.value);
      return here;
    });
    assert.notDeepEqual(keys[0], keys[1]);
    assert.ok(new Set(keys[0]).size > 200, 'a key is not a constant');
  });

  it('hides everything from other users of the machine', async () => {
    const { data } = await make('hidden');
    for (const entry of [data, ...readdirSync(data, { recursive: true }).map((name) => join(data, String(name)))]) {
      assert.equal(statSync(entry).mode & 0o077, 0, entry);
    }
  });

  it('that was interrupted is a first start again', async () => {
    const plan = await make('interrupted');
    const { beijing } = { beijing: read(plan).sites[0]! };
    const before = readFileSync(beijing.courier);
    rmSync(join(plan.data, 'skykey.json'));
    await make('interrupted');
    const after = readFileSync(beijing.courier);
    assert.notDeepEqual(after, before);
    assert.deepEqual(readFileSync(read(plan).satellite.couriers['micius-beijing']!), after);
  });

  it('takes the seed that was asked for, or one of its own', async () => {
    assert.equal(read(await make('seeded', { seed: 42 })).sky.seed, 42);
    const [one, other] = [read(await make('unseeded-1')), read(await make('unseeded-2'))];
    assert.notEqual(one.sky.seed, other.sky.seed);
  });

  it('names a scenario of the user by its full path, so that processes find it from anywhere', async () => {
    const plan = await make('named', { scenarioName: 'mine.json' });
    assert.equal(read(plan).sky.scenario, join(process.cwd(), 'mine.json'));
  });
});

describe('a second start', () => {
  it('keeps every secret and certificate; ports and tokens are new', async () => {
    const first = await make('twice');
    const before = bytesOf(first.data);
    const one = read(first);
    const second = await make('twice', { port: 8300 });
    const after = bytesOf(second.data);
    const two = read(second);
    const differs = Object.keys(after).filter((name) => after[name] !== before[name]);
    assert.deepEqual(Object.keys(after), Object.keys(before));
    assert.deepEqual(
      differs.toSorted(),
      ['beijing', 'micius', 'moscow', 'sky'].map((name) => `${name}.config.json`),
    );
    assert.equal(two.sky.operationsPort, 8310);
    assert.notDeepEqual(two.sky.tokens, one.sky.tokens);
    assert.equal(two.sites[0]!.conversationId, one.sites[0]!.conversationId);
  });

  it('leaves the policy to those who run the network', async () => {
    const { data } = await make('changed');
    const file = join(data, 'policy.json');
    const changed = readFileSync(file, 'utf8').replace('"maxRelays": 1', '"maxRelays": 0');
    writeFileSync(file, changed);
    await make('changed');
    assert.equal(readFileSync(file, 'utf8'), changed);
  });

  it('does not bring a couriered key again once it was taken in', async () => {
    const plan = await make('taken');
    const { satellite, sites } = read(plan);
    const files = [...Object.values(satellite.couriers), ...sites.map(({ courier }) => courier)];
    assert.equal(files.length, 4);
    for (const file of files) rmSync(file);
    await make('taken');
    for (const file of files) assert.equal(existsSync(file), false, file);
  });
});

describe('a data folder', () => {
  it('of another scenario is refused and left alone', async () => {
    const { data } = await make('foreign');
    const before = bytesOf(data);
    const other = changed((document) => {
      document.id = 'another-night' as never;
    });
    await assert.rejects(make('foreign', { mission: other }), {
      name: 'NodeError',
      code: 'node/data',
      message: `the data folder ${data} belongs to the scenario ${NAME}; choose another with --data`,
    });
    assert.deepEqual(bytesOf(data), before);
  });

  it('of which the marker is broken is refused and left alone', async () => {
    const { data } = await make('broken');
    const marker = join(data, 'skykey.json');
    for (const text of ['', '{', '{}', 'null', '{"scenario": 5}']) {
      writeFileSync(marker, text);
      const before = bytesOf(data);
      await assert.rejects(make('broken'), {
        code: 'node/data',
        message: new RegExp(`^cannot tell to which scenario the data folder belongs, ${marker}: `),
      });
      assert.deepEqual(bytesOf(data), before);
    }
  });

  it('that cannot be written is refused with the remedy', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    for (const data of ['a-file', 'a-file/below']) {
      await assert.rejects(make(data), {
        name: 'NodeError',
        code: 'node/data',
        message: new RegExp(`^cannot write to the data folder ${join(root, data)}: .*; choose another with --data$`),
      });
    }
  });

  it('that nobody can make, not even root, is refused too', () => {
    const file = join(root, 'no-folder');
    writeFileSync(file, '');
    // Where there is no /proc, below a file is such a place.
    const place = existsSync('/proc/self') ? '/proc/skykey/data' : join(file, 'data');
    assert.throws(() => makeFolder(place), {
      code: 'node/data',
      message: /^cannot write to the data folder .* --data$/,
    });
  });
});

describe('a scenario', () => {
  it('needs two sites', async () => {
    const lonely = changed((document: { stations?: object[]; live?: { sites: object[] } }) => {
      document.stations!.pop();
      document.live!.sites.pop();
    });
    await assert.rejects(make('lonely', { mission: lonely }), {
      code: 'node/sites',
      message: `the scenario ${NAME} has 1 sites; a hotline needs exactly two`,
    });
    assert.equal(existsSync(join(root, 'lonely')), false);
  });

  it('cannot have a place called sky: that is a process of its own', async () => {
    const sky = changed((document: { satellites?: { id: string }[] }) => {
      document.satellites![0]!.id = 'sky';
    });
    await assert.rejects(make('sky', { mission: sky }), { code: 'node/sites' });
  });

  it('may have ids as long as the format allows', async () => {
    const long = changed(
      (document: {
        satellites?: { id: string }[];
        stations?: { siteId: string }[];
        live?: { sites: { id: string }[] };
      }) => {
        document.satellites![0]!.id = 's'.repeat(32);
        document.stations![0]!.siteId = document.live!.sites[0]!.id = 'b'.repeat(32);
      },
    );
    const { satellite, sites } = read(await make('long', { mission: long }));
    assert.equal(sites[0]!.nodeId.length, 32);
    assert.ok(`${'s'.repeat(32)}-${'b'.repeat(32)}` in satellite.couriers);
  });
});
