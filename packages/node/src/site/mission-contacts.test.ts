import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadMission } from '../configuration.ts';
import { laneCuts } from '../link/link.ts';
import { MissionContacts, type PlannedPass } from './mission-contacts.ts';

const NAME = 'micius-2016-12-19';
const mission = loadMission(NAME);
const START_MS = Date.parse(mission.live.clock.startUtc);
const END_MS = Date.parse(mission.live.clock.endUtc);
const DAY_MS = 86_400_000;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('passes become contacts of their links, and are planned again in time, once at a time', async () => {
  const asked: [string, number, number][] = [];
  const passes: PlannedPass[] = [
    { stationId: 'xinglong', startMs: START_MS + 1000, endMs: START_MS + 2000.5, bits: Float64Array.of(0, 300_939) },
    { stationId: 'nowhere', startMs: START_MS, endMs: START_MS + 1, bits: Float64Array.of(1, 1) },
    { stationId: 'zvenigorod', startMs: END_MS - 10, endMs: END_MS + 10, bits: Float64Array.of(1, 1) },
  ];
  const contacts = new MissionContacts(
    NAME,
    mission,
    async (...question) => {
      asked.push(question);
      return passes;
    },
    (error) => assert.fail(String(error)),
  );
  assert.equal(contacts.at(START_MS), undefined);
  assert.equal(contacts.at(START_MS), undefined);
  await settled();
  const plan = contacts.at(START_MS)!;
  assert.equal(plan.contacts.length, 1);
  const [one] = plan.contacts;
  assert.equal(one!.link, 'micius-beijing');
  assert.ok(one!.readyMs > one!.endMs && Number.isInteger(one!.readyMs));
  const key = laneCuts({ linkId: 'micius-beijing', satelliteId: 'micius', siteId: 'beijing' }, 300_939 >> 3).at(-1)!;
  assert.deepEqual([...one!.bits], [0, (key.to - key.from) * 8]);
  assert.ok(one!.bits[1]! < 300_939);
  assert.deepEqual(asked, [[NAME, START_MS - DAY_MS / 48, START_MS + 4 * DAY_MS]]);

  contacts.at(START_MS + 1.9 * DAY_MS);
  assert.equal(asked.length, 1);
  contacts.at(START_MS + 2.1 * DAY_MS);
  await settled();
  assert.equal(asked.length, 2);
  // Nothing flies after the end of the mission.
  contacts.at(END_MS - DAY_MS);
  await settled();
  assert.equal(asked.at(-1)![2], END_MS);
  contacts.at(END_MS - DAY_MS / 2);
  assert.equal(asked.length, 3);
});

test('a plan that fails is told, the one before holds, and it is not tried again at once', async () => {
  const told: unknown[] = [];
  let tries = 0;
  const contacts = new MissionContacts(
    NAME,
    mission,
    async () => {
      if (tries++ > 0) throw new Error('no orbit');
      return [];
    },
    (error) => told.push(error),
  );
  contacts.at(START_MS);
  await settled();
  const plan = contacts.at(START_MS);
  contacts.at(START_MS + 3 * DAY_MS);
  await settled();
  assert.equal(contacts.at(START_MS + 3 * DAY_MS), plan);
  assert.deepEqual([tries, told.length], [2, 1]);
});
