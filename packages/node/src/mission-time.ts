import type { Vault } from '@skykey/vault';

const NAME = 'mission-time';

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

  async recall(vault: Vault): Promise<void> {
    const known = (await vault.notebook().recall(NAME)) as number | undefined;
    this.#latest = Math.max(this.#latest, known ?? 0);
  }

  async remember(vault: Vault): Promise<void> {
    await vault.notebook().remember(NAME, this.ms());
  }
}
