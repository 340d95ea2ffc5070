import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALICE, BOB, type DeskId, World } from '../trial/world.ts';

const DESKS = [ALICE, BOB] as const;

describe('a clock that is set back while people agree to reopen', () => {
  for (const back of DESKS) {
    it(`at ${back}, over a kill: both desks ask for the same, and the line opens`, async () => {
      const world = new World({ seed: 21 });
      for (const id of DESKS) await world.start(id);
      const all = (level: string) => () => DESKS.every((id) => world.level(id) === level);
      assert.ok(await world.until(all('green')));
      const alarm = { id: 'a', class: 'tap', foundBy: 'Alice', link: 'sky', reason: 'QBER 25 %' } as const;
      await world.session(ALICE).alarm({ ...alarm, atMs: world.nowMs });
      assert.ok(await world.until(all('black')));
      const agreed = (id: DeskId) => world.session(id).view().line.alarm!.approvals.own;
      /** As people at a page do: whoever is not shown as having agreed, agrees. */
      const approve = async (id: DeskId): Promise<void> => {
        for (const name of ['p1', 'p2'].filter((person) => !agreed(id).includes(person))) {
          const { request } = world.session(id).view().line;
          await world.session(id).approve({ id: name, name, roles: ['approver'], request: request! });
        }
      };
      await approve(back === ALICE ? BOB : ALICE);
      await world.run(3000);
      world.crash(back);
      world.setBack(5000, [back]);
      await world.start(back);
      // What the other desk's people said counts no more here; they are to see it.
      await approve(back);
      await world.run(6000);
      const [a, b] = DESKS.map((id) => world.session(id).view().line);
      assert.equal(a!.reason, b!.reason);
      assert.match(a!.reason, /agree to open the line again \(so far Alice \d, Bob \d\)/);
      for (const id of DESKS) await approve(id);
      await world.run(1000);
      for (const id of DESKS) await world.tellStock(id);
      assert.ok(await world.until(all('green')), world.session(back).view().line.reason);
    });
  }
});
