import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkState, PassState, SatelliteState, SiteState, SkyState } from '@skykey/telemetry';
import { linkViews, NOTHING_OBSERVED, observe, presentPass } from './observed.ts';

const link = (linkId: string, state: LinkState['state']): LinkState => ({
  linkId,
  peer: 'peer',
  state,
  stage: null,
  sessionId: null,
  detections: 0,
  detectionRateHz: 0,
  siftedRateHz: 0,
  sifted: 0,
  monitored: 0,
  monitorErrors: 0,
  qber: null,
  expectedQber: 0.015,
  hardQber: 0.08,
  alarms: [],
  sessions: [],
  authenticationPads: 0,
});

const site = (state: LinkState['state']): SiteState => ({
  kind: 'site',
  nodeId: 'beijing-node',
  name: 'Beijing',
  link: link('micius-beijing', state),
  stock: { linkBits: 0, sendBits: 0, receiveBits: 0, deliveredKeys: 0, voidedKeys: 0, poisonedBits: 0 },
  relays: [],
  kmeUrl: '',
  kmeId: '',
  journal: [],
});

const satellite = (state: LinkState['state']): SatelliteState => ({
  kind: 'satellite',
  nodeId: 'micius',
  name: 'Micius',
  links: [link('micius-beijing', state)],
  relays: [],
  journal: [],
});

const sky = (utcMs: number): SkyState => ({
  scenario: 'test',
  title: 'Test',
  utcMs,
  clock: { mode: 'auto', paused: false, speed: 12 },
  satellite: {
    id: 'micius',
    name: 'Micius',
    latitudeDeg: 0,
    longitudeDeg: 0,
    heightKm: 500,
    elementsEpochUtc: '2016-12-18T21:38:11Z',
  },
  track: [[0, 0]],
  subsolar: { latitudeDeg: 0, longitudeDeg: 0 },
  stations: [
    {
      id: 'xinglong',
      name: 'Xinglong',
      siteId: 'beijing',
      latitudeDeg: 40.4,
      longitudeDeg: 117.6,
      linkId: 'micius-beijing',
      elevationDeg: -10,
      azimuthDeg: 0,
      rangeKm: 3000,
      sunElevationDeg: -50,
      beam: 'idle',
      lossDb: null,
      lossTerms: [],
      detectionRateHz: 0,
    },
  ],
  passes: [],
  taps: [{ linkId: 'micius-beijing', on: false, fraction: 1 }],
  parameters: [],
});

test('a link view joins the sky, the ground and the satellite, and shows the graver state', () => {
  let observed = observe(NOTHING_OBSERVED, { kind: 'sky', sky: sky(0), receivedMs: 5 });
  assert.equal(linkViews(observed)[0]?.siteName, 'Beijing', 'named after the site id before its process speaks');
  assert.equal(linkViews(observed)[0]?.ground, null);
  observed = observe(observed, { kind: 'node', node: site('session') });
  observed = observe(observed, { kind: 'node', node: satellite('dropped') });
  const [view] = linkViews(observed);
  assert.equal(view?.state, 'dropped');
  assert.equal(view?.site?.nodeId, 'beijing-node');
  assert.equal(view?.tap?.on, false);
  observed = observe(observed, { kind: 'node', node: satellite('idle') });
  assert.equal(linkViews(observed)[0]?.state, 'session');
});

test('parts of the sky that did not change keep their identity', () => {
  const first = observe(NOTHING_OBSERVED, { kind: 'sky', sky: sky(0), receivedMs: 0 });
  const second = observe(first, { kind: 'sky', sky: sky(1000), receivedMs: 250 });
  assert.equal(second.sky?.utcMs, 1000);
  assert.equal(second.sky?.track, first.sky?.track);
  assert.equal(second.sky?.taps, first.sky?.taps);
  const tapped = { ...sky(2000), taps: [{ linkId: 'micius-beijing', on: true, fraction: 1 }] };
  const third = observe(second, { kind: 'sky', sky: tapped, receivedMs: 500 });
  assert.notEqual(third.sky?.taps, second.sky?.taps);
  assert.equal(third.sky?.taps[0]?.on, true);
});

test('a repeated connection state changes nothing', () => {
  const live = observe(NOTHING_OBSERVED, { kind: 'connection', connection: 'live' });
  assert.equal(observe(live, { kind: 'connection', connection: 'live' }), live);
});

test('the present pass is the running one, then the next with a window, then the next', () => {
  const pass = (passId: string, aosMs: number, window: boolean): PassState => ({
    passId,
    stationId: 'xinglong',
    linkId: 'micius-beijing',
    aosMs,
    tcaMs: aosMs + 200,
    losMs: aosMs + 400,
    maxElevationDeg: 40,
    minRangeKm: 700,
    window: window ? { startMs: aosMs + 100, endMs: aosMs + 300 } : null,
    path: [],
  });
  const passes = [
    pass('late', 9000, true),
    pass('dark', 1000, false),
    pass('far', 5000, false),
    pass('good', 7000, true),
  ];
  assert.equal(presentPass(passes, 1100)?.passId, 'dark');
  assert.equal(presentPass(passes, 2000)?.passId, 'good');
  assert.equal(presentPass([pass('far', 5000, false)], 0)?.passId, 'far');
  assert.equal(presentPass([pass('far', 5000, false)], 6000), null);
  const both = [pass('dark', 1000, false), { ...pass('window', 1100, true) }];
  assert.equal(presentPass(both, 1200)?.passId, 'window');
});
