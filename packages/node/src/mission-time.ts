import type { Vault } from '@skykey/vault';

/**
 * Mission time as a node knows it: its device's clock, and before the device has spoken, the last time it remembered.
 * It never runs backwards, so that an alarm condemns what was made before it and nothing later.
 */
export class MissionTime {
  #latest: number;
  #device: () => number = () => 0;

  /** `startMs` holds until anything better is known. */
  constructor(startMs: number) {
    this.#latest = startMs;
  }

  readonly ms = (): number => {
    this.#latest = Math.max(this.#latest, Math.round(this.#device()));
    return this.#latest;
  };

  follow(device: () => number): void {
    this.#device = device;
  }

  recall(vault: Vault): void {
    this.#latest = Math.max(this.#latest, (vault.recall('mission-time') as number | undefined) ?? 0);
  }

  remember(vault: Vault): void {
    vault.remember('mission-time', this.ms());
  }
}
