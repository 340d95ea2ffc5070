import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { typeOf } from './messages.ts';
import { blockIdOf } from './parameters.ts';
import { change, MEANS, otherMeanings, type Recording, record } from './test/attacks.ts';
import { seededBytes, twoSites } from './test/benchtop.ts';
import { type Attacker, accepted, besiege, opposite, SESSIONS } from './test/hostile-line.ts';
import { checkEnds, checkPads, checkStores, mayAccept } from './test/safety.ts';

/**
 * Every message of a session, at every index, changed in every way. Whatever is done to the line: nobody accepts unless what
 * was heard is what was said, no session hangs, no two keys differ, none is released at one end and discarded at the other,
 * and no pad hides two tags.
 *
 * That nothing hangs needs no clock (`test/hostile-line.ts`): the line closes when nothing can move any more.
 */

/**
 * One attacked session; returns whether anything was changed. `settles`: the session after it is run even when nothing was left
 * open.
 */
async function attack(recording: Recording, attacker: Attacker, where: string, settles: boolean): Promise<boolean> {
  const sites = twoSites();
  const besieged = await besiege({ ...recording, sites, attacker });
  checkEnds(besieged, where);
  await checkStores(sites, where);
  for (const name of ['alice', 'bob'] as const) {
    const party = besieged[name];
    if (party.status === 'rejected') continue;
    const bits = 128 * sites[name].pads.touched.length;
    assert.equal(party.value.authenticationBitsSpent, bits, `${where}: pads of ${name} in the report`);
  }
  const changed = !mayAccept(besieged.line).bob;
  if (!settles && !sites.alice.store.calls.length && !sites.bob.store.calls.length) return changed;

  // The next session, on a line that is left alone, settles what was left open.
  const parameters = { ...recording.parameters, sessionId: 'the session after' };
  const random = { alice: seededBytes(90), bob: seededBytes(91) };
  const after = await besiege({ ...recording, parameters, sites, random });
  assert(accepted(after.alice) && accepted(after.bob), `${where}: the session after has a key`);
  await checkStores(sites, where);
  assert.deepEqual(sites.bob.store.released().sort(), sites.alice.store.released().sort(), where);
  assert.deepEqual([await sites.alice.store.held(), await sites.bob.store.held()], [[], []], `${where}: left open`);
  const first = await sites.bob.store.wasReleased(blockIdOf(recording.parameters));
  assert.equal(first, accepted(besieged.alice), `${where}: settled as Alice had it`);
  checkPads([besieged.line, after.line], sites, where);
  return changed;
}

const recordings = await Promise.all(SESSIONS.map(record));

for (const recording of recordings) {
  const { name, messages } = recording;
  const isFirst = (index: number): boolean =>
    messages.find(({ type }) => type === messages[index]!.type)!.index === index;
  const place = (index: number): string => `message ${index} of ${messages.length}, '${messages[index]!.type}'`;

  describe(`every message of a ${name} session`, () => {
    for (const [what, means] of Object.entries(MEANS)) {
      it(`${what}: no key but the one that was meant`, async () => {
        let changed = 0;
        for (const { index } of messages) {
          const where = `${what}, ${place(index)}`;
          if (await attack(recording, means(index, recording), where, isFirst(index))) changed++;
        }
        assert(changed > 0);
      });
    }

    it('all messages sent back, swallowed, doubled, or sent to both', async () => {
      const everything: Readonly<Record<string, Attacker>> = {
        'a mirror': { hear: ({ bytes, direction }, deliver) => deliver(bytes, opposite(direction)) },
        'a hole': { hear: () => undefined },
        'an echo': {
          hear({ bytes, direction }, deliver) {
            for (let i = 0; i < 2; i++) deliver(bytes, direction);
          },
        },
        'a loud hailer': {
          hear({ bytes, direction }, deliver) {
            deliver(bytes, direction);
            deliver(bytes, opposite(direction));
          },
        },
      };
      for (const [what, attacker] of Object.entries(everything))
        assert(await attack(recording, attacker, what, true), what);
    });

    it('each field with another meaning: no key', async () => {
      for (const { index, bytes } of messages) {
        for (const [field, other] of otherMeanings(bytes).entries()) {
          const where = `another field ${field}, ${place(index)}`;
          assert(
            await attack(
              recording,
              change(index, () => [other]),
              where,
              false,
            ),
            where,
          );
        }
      }
    });
  });
}

it('every type of message was among them, but for those that no honest pair of small sessions needs', () => {
  const known = Array.from({ length: 256 }, (_, byte) => typeOf(Uint8Array.of(byte))).filter(
    (type) => type !== undefined,
  );
  const seen = new Set(recordings.flatMap(({ messages }) => messages.map(({ type }) => type)));
  assert.deepEqual(known.filter((type) => !seen.has(type)).sort(), ['abort', 'frames']);
});
