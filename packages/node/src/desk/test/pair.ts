/** Two desks of two sites in one process, each with a real store: keys out of one table, the line by hand. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import { DEFAULT_POLICY, type KeySource, type LinePolicy, SUITES } from '@skykey/hotline';
import { Desk, type DeskNews } from '../desk.ts';
import type { DeskStore } from '../store/index.ts';
import { Place } from '../store/test/place.ts';

export type Side = 'here' | 'there';

export class DeskPair {
  readonly places: Readonly<Record<Side, Place>>;
  readonly stores = {} as Record<Side, DeskStore>;
  readonly desks = {} as Record<Side, Desk>;
  readonly journal: string[] = [];
  readonly told: DeskNews[] = [];
  readonly policies: Record<Side, LinePolicy> = { here: DEFAULT_POLICY, there: DEFAULT_POLICY };
  readonly #keys = new Map<string, Uint8Array>();

  constructor(t: TestContext) {
    // Before the stores, which are closed by what is registered next.
    t.after(async () => {
      for (const desk of Object.values(this.desks)) await desk.close();
    });
    this.places = { here: new Place(t), there: new Place(t) };
  }

  /** Both desks, with keys in common. */
  static async open(t: TestContext, policy: LinePolicy = DEFAULT_POLICY): Promise<DeskPair> {
    const pair = new DeskPair(t);
    for (const side of ['here', 'there'] as const) pair.policies[side] = policy;
    await pair.start('here');
    await pair.start('there');
    await pair.until(() => pair.desks.here.view().may.file.allowed && pair.desks.there.view().may.file.allowed);
    return pair;
  }

  async start(side: Side): Promise<Desk> {
    const other: Side = side === 'here' ? 'there' : 'here';
    const place = this.places[side];
    this.stores[side] = await place.open();
    const desk = await Desk.open({
      ...{ siteId: side, ownId: `desk-${side}`, peerId: `desk-${other}`, ownName: side, peerName: other },
      conversationId: '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de',
      psk: SecretBytes.adopt(new Uint8Array(32).fill(7)),
      suites: { own: SUITES, peer: SUITES },
      policy: this.policies[side],
      ...{ signing: null, emergencyPad: null },
      store: this.stores[side],
      keys: this.#source(),
      post: (bytes) => void this.desks[other]?.arrive(bytes.slice()).catch(() => undefined),
      nowMs: () => place.nowMs,
      quarantine: () => undefined,
      journal: (text) => this.journal.push(`${side}: ${text}`),
      retentionDays: null,
    });
    if (side === 'here') desk.listen((news) => this.told.push(news));
    this.desks[side] = desk;
    await desk.stock(5_000_000, 5_000_000);
    return desk;
  }

  async end(side: Side): Promise<void> {
    await this.desks[side].close();
    await this.stores[side].close();
    delete (this.desks as Partial<Record<Side, Desk>>)[side];
  }

  /** Both clocks. */
  tick(ms: number): void {
    for (const place of Object.values(this.places)) place.nowMs += ms;
  }

  /** Lets real time go by, and the desks' with it, until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    for (let waited = 0; !condition(); waited += 20) {
      if (waited > 20_000) throw new Error(`in vain: ${condition} ${this.journal.join('; ')}`);
      await pause(20);
      this.tick(100);
    }
  }

  #source(): KeySource {
    const keyOf = (keyId: string) => {
      const bytes = this.#keys.get(keyId);
      if (!bytes) throw new Error('there is no such key');
      return { keyId, key: SecretBytes.adopt(bytes.slice()), provenance: 'direct' };
    };
    return {
      draw: async (bytesPerKey, count) =>
        Array.from({ length: count }, () => {
          const keyId = randomUUID();
          this.#keys.set(keyId, new Uint8Array(randomBytes(bytesPerKey)));
          return keyOf(keyId);
        }),
      fetch: async (keyIds) => keyIds.map(keyOf),
    };
  }
}
