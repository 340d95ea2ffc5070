import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Role } from '@skykey/distill';
import { distil, documentOf, FAREWELL, Laboratory, type Meddle, messageType, SETTINGS } from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-interrupted-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a session in which `role` is interrupted while the settings are on their way: the reasons of both. */
async function interrupt(name: string, role: Role, meddle: Meddle): Promise<Record<Role, string | null>> {
  const interrupted = new AbortController();
  const endings = await distil(new Laboratory(join(folder, name)).session('one'), {
    [role]: { signal: interrupted.signal },
    meddle: (frame, from) => {
      if (messageType(frame) === SETTINGS) interrupted.abort();
      return meddle(frame, from);
    },
  });
  return { alice: documentOf(endings.alice).reason, bob: documentOf(endings.bob).reason };
}

describe('one that is interrupted', () => {
  for (const [role, other] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    it(`${role} tells the other although the connection breaks under the farewell`, async () => {
      let lost = 0;
      const reasons = await interrupt(`lost-${role}`, role, (frame, from) =>
        frame[4] === FAREWELL && from === role && lost++ === 0 ? 'cut' : 'pass',
      );
      assert(lost > 0);
      assert.match(reasons[role]!, /it was interrupted on this side/);
      assert.match(reasons[other]!, /the other party has ended the session/);
    });

    it(`${role} tells the other although there is no connection at that moment`, async () => {
      let cut = false;
      const reasons = await interrupt(`between-${role}`, role, (frame) => {
        if (cut || messageType(frame) !== SETTINGS) return 'pass';
        cut = true;
        return 'cut';
      });
      assert(cut);
      assert.match(reasons[role]!, /it was interrupted on this side/);
      assert.match(reasons[other]!, /the other party has ended the session/);
    });
  }
});
