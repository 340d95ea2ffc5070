import assert from 'node:assert/strict';
import { it } from 'node:test';
import { blockIdOf } from './parameters.ts';
import { MEANS, record } from './test/attacks.ts';
import { seededBytes, seededWords, twoSites } from './test/benchtop.ts';
import {
  type Attacker,
  accepted,
  besiege,
  type Deliver,
  type HostileLine,
  LISTENER,
  SESSIONS,
  sourceOf,
} from './test/hostile-line.ts';
import { checkEnds, checkPads, checkStores } from './test/safety.ts';

/**
 * The same two sites for days: sessions that are attacked, sessions in which the power goes at one end, and some that are left
 * alone, one after the other. More of them with `SKYKEY_ATTACKS=1000`.
 */
const SERIES = Number(process.env.SKYKEY_ATTACKS ?? 25);
const SESSIONS_EACH = 6;

const recordings = await Promise.all(SESSIONS.map(record));

it(`P11: ${SERIES} series of attacks: in the end both have the same keys, and no pad was used twice`, async () => {
  let open = 0;
  for (let seed = 1; seed <= SERIES; seed++) {
    const next = seededWords(seed);
    const pick = <T>(all: readonly T[]): T => all[next() % all.length]!;
    const sites = twoSites();
    const lines: HostileLine[] = [];
    const said: string[] = [];
    for (let i = 0; i <= SESSIONS_EACH; i++) {
      const recording = pick(recordings);
      const parameters = { ...recording.parameters, sessionId: `session ${i}` };
      const random = { alice: seededBytes(1000 * seed + 2 * i), bob: seededBytes(1000 * seed + 2 * i + 1) };
      const { length } = recording.messages;
      // Every other attack is on one of the last messages, where it matters most.
      const at = next() & 1 ? next() % length : length - 1 - (next() % 4);
      const [what, means] = pick(Object.entries(MEANS));
      const last = i === SESSIONS_EACH;
      const crash = !last && next() % 4 === 0 ? pick([sites.alice, sites.bob]) : undefined;
      const call = pick(['hold', 'release', 'begin', 'discard']);
      const attacks = !last && !crash && next() % 5 > 0;
      said.push(crash ? `crash at ${call}` : attacks ? `${what} ${at} of ${length}` : 'left alone');
      const where = `series ${seed}: ${said.join(', ')}`;

      if (crash) {
        crash.store.before = (now) => {
          if (now.startsWith(call)) throw new Error('power cut');
        };
      }
      const attacker = attacks ? means(at, recording) : LISTENER;
      const besieged = await besiege({ ...recording, parameters, sites, random, attacker });
      for (const { store } of [sites.alice, sites.bob]) store.before = () => undefined;
      lines.push(besieged.line);

      if (!crash) checkEnds(besieged, where);
      await checkStores(sites, where);
      if ((await sites.bob.store.held()).length) open++;
      if (!last) continue;
      assert(accepted(besieged.alice) && accepted(besieged.bob), where);
      assert.deepEqual(sites.bob.store.released().sort(), sites.alice.store.released().sort(), where);
      assert(sites.bob.store.released().includes(blockIdOf(parameters)), where);
      assert.deepEqual([await sites.alice.store.held(), await sites.bob.store.held()], [[], []], where);
      checkPads(lines, sites, where);
    }
  }
  assert(open > SERIES / 2, `${open} blocks were left open on the way`);
});

it('two sessions at once, with their tags exchanged or not: each key at both ends, and no pad used twice', async () => {
  const recording = recordings[1]!;
  const { parameters, light } = recording;
  for (const exchanged of [[], ['tag'], ['accept'], ['release'], ['tag', 'accept', 'release']]) {
    const where = `${exchanged} exchanged`;
    const sites = twoSites();
    const deliveries: Deliver[] = [];
    const besieged = await Promise.all(
      [0, 1].map((i) => {
        const attacker: Attacker = {
          hear({ bytes, direction, type }, deliver) {
            deliveries[i] = deliver;
            (exchanged.includes(type) ? deliveries[1 - i]! : deliver)(bytes, direction);
          },
        };
        return besiege({
          ...{ parameters: { ...parameters, sessionId: `session ${i}` }, sites, attacker },
          source: sourceOf(parameters, { ...light, seed: 1 + i }),
          random: { alice: seededBytes(10 + i), bob: seededBytes(20 + i) },
        });
      }),
    );
    const keys = besieged.map(({ alice, bob }) => [accepted(alice), accepted(bob)]);
    for (const [alice, bob] of keys) assert(alice || !bob, where);
    const both = keys.filter(([, bob]) => bob).length;
    assert(exchanged.length ? both === 0 : both > 0, where);
    await checkStores(sites, where);

    const after = await besiege({ ...recording, parameters: { ...parameters, sessionId: 'the session after' }, sites });
    assert(accepted(after.alice) && accepted(after.bob), where);
    assert.deepEqual(sites.bob.store.released().sort(), sites.alice.store.released().sort(), where);
    assert.deepEqual([await sites.alice.store.held(), await sites.bob.store.held()], [[], []], where);
    checkPads([...besieged.map(({ line }) => line), after.line], sites, where);
  }
});
