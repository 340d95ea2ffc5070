import { VaultError } from './error.ts';
import type { Sql } from './store/store.ts';
import { byLane, near, type Place, type Stretch, within } from './stretches.ts';

export interface Claim extends Stretch {
  state: 'reserved' | 'spent' | 'point';
  /** It is not in the table yet. */
  readonly isNew?: boolean;
}

/** Who took what of the lanes: the table that says that no byte is claimed twice. */
export class Claims {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Claims that share bytes with places of one lane or touch them, or lie between, in order. */
  around(places: readonly Place[]): Promise<Claim[]> {
    return near(
      this.#sql,
      places,
      `SELECT start, stop, state FROM claim
       WHERE lane = $1 AND stop >= $2 AND start <= $3
         AND start >= coalesce((SELECT max(start) FROM claim WHERE lane = $1 AND start < $2), 0)
       ORDER BY start`,
    );
  }

  async add(places: readonly Place[], state: 'reserved' | 'point'): Promise<void> {
    if (places.length === 0) return;
    await this.#sql.run(
      `INSERT INTO claim (lane, start, stop, state)
       SELECT CAST(value->>0 AS bigint), CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), CAST($2 AS text)
       FROM EACH($1) AS item`,
      JSON.stringify(places.map(({ lane, start, stop }) => [lane, start, stop])),
      state,
    );
  }

  /** The claims around places by lane. Throws unless each place was reserved in one piece. */
  async reserved(places: readonly Place[]): Promise<Map<number, Claim[]>> {
    const claims = await byLane(places, (some) => this.around(some));
    for (const { lane, start, stop } of places) {
      const found = within(claims.get(lane)!, start, stop);
      if (
        found.length === 1 &&
        found[0]!.state === 'reserved' &&
        found[0]!.start === start &&
        found[0]!.stop === stop
      ) {
        continue;
      }
      const where = `bytes ${start} to ${stop} of the lane`;
      if (found.some(({ state }) => state !== 'reserved'))
        throw new VaultError('vault/taken', `${where} were used before`);
      throw new VaultError('vault/state', `${where} were not reserved in one piece`);
    }
    return claims;
  }

  /**
   * Turns reserved places into spent ones, joined with spent neighbours; `claims` are those around them by lane. Rows are never
   * changed, they go and others come: fails when one of them is not as it was read, so that nobody under another scope can
   * hand out the same bytes.
   */
  async spend(claims: ReadonlyMap<number, readonly Claim[]>, places: readonly Place[]): Promise<void> {
    const gone: (number | string)[][] = [];
    const spent: number[][] = [];
    for (const [lane, around] of claims) {
      const now = new Set(places.filter((place) => place.lane === lane).map(({ start }) => start));
      let run: { start: number; stop: number; isChanged: boolean; claims: Claim[] } | undefined;
      const end = (): void => {
        if (!run?.isChanged) return;
        spent.push([lane, run.start, run.stop]);
        for (const { start, stop, state, isNew } of run.claims) if (!isNew) gone.push([lane, start, stop, state]);
      };
      for (const claim of around) {
        const isNow = now.has(claim.start);
        if (!isNow && claim.state !== 'spent') continue;
        if (run?.stop === claim.start) {
          run.stop = claim.stop;
          run.isChanged = true;
          run.claims.push(claim);
        } else {
          end();
          run = { start: claim.start, stop: claim.stop, isChanged: isNow, claims: [claim] };
        }
      }
      end();
    }
    if (spent.length === 0) return;
    await this.#sql.exactly(
      gone.length,
      `DELETE FROM claim WHERE (lane, start, stop, state) IN
         (SELECT CAST(value->>0 AS bigint), CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), CAST(value->>3 AS text)
          FROM EACH($1) AS item)`,
      JSON.stringify(gone),
    );
    await this.#sql.run(
      `INSERT INTO claim (lane, start, stop, state)
       SELECT CAST(value->>0 AS bigint), CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), 'spent'
       FROM EACH($1) AS item WHERE true`,
      JSON.stringify(spent),
    );
  }
}
