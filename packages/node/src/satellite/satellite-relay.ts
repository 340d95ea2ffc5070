/** The trusted relay of a satellite: joins the keys of its two stations and carries the announcements to them. */
import { randomUUID } from 'node:crypto';
import { announceRelay, KmeError, type RelayRecord, settleRelay } from '@skykey/kme';
import type { MissionStation } from '@skykey/scenario';
import type { RelayState } from '@skykey/telemetry';
import type { Vault } from '@skykey/vault';
import type { FrameSocket } from '../wire/frames.ts';

const SHOWN_RELAYS = 20;
/** How long a station's line rests when there is nothing to carry, ms. */
const IDLE_MS = 300;

export class SatelliteRelay {
  readonly #vault: Vault;
  readonly #satelliteId: string;
  readonly #stations: readonly MissionStation[];
  readonly #missionMs: () => number;
  readonly #onChange: () => void;

  constructor(options: {
    vault: Vault;
    satelliteId: string;
    stations: readonly MissionStation[];
    missionMs: () => number;
    onChange: () => void;
  }) {
    this.#vault = options.vault;
    this.#satelliteId = options.satelliteId;
    this.#stations = options.stations;
    this.#missionMs = options.missionMs;
    this.#onChange = options.onChange;
  }

  /** Joins whatever both links have in store. To be called after every session and at the start. */
  announce(): void {
    const [a, b] = this.#stations;
    if (!a || !b) return;
    const end = (station: MissionStation) => ({ linkId: station.linkId, stationId: station.siteId });
    try {
      for (;;) {
        const record = announceRelay({
          vault: this.#vault,
          relayId: randomUUID(),
          satelliteId: this.#satelliteId,
          linkA: end(a),
          linkB: end(b),
          utcMs: this.#missionMs(),
        });
        if (!record) return;
        this.#vault.journal.append({
          utcMs: this.#missionMs(),
          severity: 'info',
          text: `relay ${record.relayId}: ${record.bits.toLocaleString('en')} bits of both links joined; this satellite has erased them`,
        });
        this.#onChange();
      }
    } catch (error) {
      if (!(error instanceof KmeError)) throw error;
      this.#vault.journal.append({ utcMs: this.#missionMs(), severity: 'warning', text: `no relay: ${error.message}` });
    }
  }

  /** Carries announcements to the station at the other end until it hangs up: one at a time, each until acknowledged. */
  async serve(channel: FrameSocket, linkId: string): Promise<void> {
    for (;;) {
      const [entry] = this.#vault.outbox.list(`relay/${linkId}`);
      if (!entry) {
        // An empty frame asks whether the station is still there.
        await channel.send(new Uint8Array(0));
        await channel.receive();
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        continue;
      }
      await channel.send(entry.body);
      if (!settleRelay(this.#vault, entry.id, await channel.receive())) return;
      this.#onChange();
    }
  }

  states(): RelayState[] {
    return this.#vault
      .recallAll('relay/')
      .map(({ value }) => value as RelayRecord)
      .sort((x, y) => y.utcMs - x.utcMs)
      .slice(0, SHOWN_RELAYS)
      .map(({ relayId, utcMs, route, bits, waiting }) => ({
        relayId,
        utcMs,
        route,
        bits,
        state: waiting.length ? 'announced' : 'confirmed',
      }));
  }
}
