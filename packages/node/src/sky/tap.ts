import type { Adversary, BinConditions, Branches, Disturbance, Pulse, Random } from '@skykey/photons';

/** Somebody on the line who comes and goes while a pass is played: whoever is set acts from the next bin on. */
export class Tap implements Adversary {
  readonly name = 'tap';
  adversary: Disturbance | Adversary | undefined;

  get visibility(): Adversary['visibility'] {
    return this.adversary && 'visibility' in this.adversary ? this.adversary.visibility : 'D1';
  }

  source(conditions: BinConditions, random: Random): void {
    this.adversary?.source?.(conditions, random);
  }

  channel(conditions: BinConditions, random: Random): void {
    this.adversary?.channel?.(conditions, random);
  }

  receiverFront(conditions: BinConditions, random: Random): void {
    this.adversary?.receiverFront?.(conditions, random);
  }

  detector(conditions: BinConditions, random: Random): void {
    this.adversary?.detector?.(conditions, random);
  }

  clock(conditions: BinConditions, random: Random): void {
    this.adversary?.clock?.(conditions, random);
  }

  act(pulse: Pulse, conditions: BinConditions, out: Branches): void {
    if (this.adversary && 'act' in this.adversary) this.adversary.act?.(pulse, conditions, out);
  }
}
