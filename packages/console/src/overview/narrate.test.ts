import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkState, PassState, SiteState, SkyState } from '@skykey/telemetry';
import { NOTHING_OBSERVED, type Observed, observe } from '../observed.ts';
import { words } from '../words.ts';
import { narrate } from './narrate.ts';

const MINUTE = 60_000;
const pass: PassState = {
  passId: 'p',
  stationId: 'xinglong',
  linkId: 'micius-beijing',
  aosMs: 10 * MINUTE,
  tcaMs: 13 * MINUTE,
  losMs: 16 * MINUTE,
  maxElevationDeg: 47,
  minRangeKm: 645,
  window: { startMs: 11 * MINUTE, endMs: 15 * MINUTE },
  path: [],
};

interface Scene {
  readonly minute: number;
  readonly beam?: 'idle' | 'quantum';
  readonly tap?: boolean;
  readonly link?: Partial<LinkState>;
  readonly clock?: Partial<SkyState['clock']>;
  readonly shared?: number;
}

function scene({ minute, beam = 'idle', tap = false, link = {}, clock = {}, shared = 0 }: Scene): Observed {
  const station = (id: string, name: string, siteId: string) => ({
    id,
    name,
    siteId,
    linkId: `micius-${siteId}`,
    beam: id === 'xinglong' ? beam : 'idle',
    detectionRateHz: 12_345,
  });
  const sky = {
    utcMs: minute * MINUTE,
    clock: { mode: 'auto', paused: false, speed: 12, ...clock },
    satellite: { name: 'Micius' },
    stations: [station('xinglong', 'Xinglong', 'beijing'), station('zvenigorod', 'Zvenigorod', 'moscow')],
    passes: [pass],
    taps: [{ linkId: 'micius-beijing', on: tap, fraction: 1 }],
  } as unknown as SkyState;
  const site = {
    kind: 'site',
    nodeId: 'beijing',
    name: 'Beijing',
    link: { linkId: 'micius-beijing', state: 'idle', stage: null, ...link },
    stock: { sendBits: shared / 2, receiveBits: shared / 2 },
  } as unknown as SiteState;
  return observe(observe(NOTHING_OBSERVED, { kind: 'sky', sky, receivedMs: 0 }), { kind: 'node', node: site });
}

const headline = (at: Scene) => narrate(scene(at))?.headline;

test('nothing is told of a sky that has not spoken', () => {
  assert.equal(narrate(NOTHING_OBSERVED), null);
});

test('a pass is told from waiting to distilled key', () => {
  assert.equal(headline({ minute: 5 }), words.now.nextHeadline('Micius', 'Xinglong'));
  assert.equal(headline({ minute: 10.5 }), words.now.risingHeadline('Micius', 'Xinglong'));
  const lit = narrate(scene({ minute: 12, beam: 'quantum', link: { state: 'session', stage: 'detect' } }));
  assert.equal(lit?.headline, words.now.quantumHeadline('Micius', 'Xinglong'));
  assert.match(lit?.detail ?? '', /12,345/);
  assert.equal(
    headline({ minute: 15.2, link: { state: 'session', stage: 'amplify' } }),
    words.now.distilHeadline('Beijing'),
  );
  assert.equal(headline({ minute: 15.5 }), words.now.settingHeadline('Micius', 'Xinglong'));
  assert.equal(headline({ minute: 20 }), words.now.idleHeadline('Micius'));
  assert.equal(headline({ minute: 20, shared: 4096 }), words.now.sharedHeadline('Beijing', 'Moscow'));
});

test('an alarm goes before everything, and names an eavesdropper only while there is one', () => {
  const alarm = narrate(
    scene({ minute: 12, beam: 'quantum', tap: true, link: { state: 'dropped' }, clock: { paused: true } }),
  );
  assert.equal(alarm?.tone, 'alarm');
  assert.equal(alarm?.headline, words.now.droppedHeadline('Micius–Beijing'));
  assert.equal(headline({ minute: 12, link: { state: 'dropped' } }), words.now.droppedHeadlineClosed('Micius–Beijing'));
});

test('a tap is told while photons still flow, a clock that stands before a pass', () => {
  assert.equal(narrate(scene({ minute: 12, beam: 'quantum', tap: true }))?.detail, words.now.tappedDetail);
  assert.equal(headline({ minute: 12, beam: 'quantum', clock: { paused: true } }), words.now.pausedHeadline);
  const stopped = narrate(scene({ minute: 5, clock: { stopped: 'The elements are too old.' } }));
  assert.equal(stopped?.detail, 'The elements are too old.');
});
