/** What a transmitter sent in a pass that is played: every pulse, those too that nobody saw. */
import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type EmissionHeader, EmissionWriter } from '@skykey/distill';
import { type EventBin, type Random, type Source, seededRandom } from '@skykey/photons';
import { CliError } from '../error.ts';
import { checkWritable } from '../file.ts';
import type { Played } from './played.ts';

export interface EmissionsWritten {
  readonly file: string;
  readonly linkId: string;
  readonly sessionId: string;
  readonly pulses: number;
  readonly bytes: number;
}

/** For people. */
export function emissionsLine({ file, pulses, bytes }: EmissionsWritten): string {
  return `  what was sent          ${file}: ${pulses.toLocaleString('en')} pulses, ${bytes.toLocaleString('en')} bytes; for the sender alone`;
}

/**
 * An emission file of a pass, there when it is whole or not at all, for its owner alone. Pulses that were detected are as
 * the sampler has them; all others are drawn from the source's settings, bin by bin from one seed. Given that nothing was
 * seen, the exact distribution differs by factors of 1 minus the gain.
 */
export class EmissionSink {
  readonly pulses: number;
  readonly #file: string;
  readonly #header: EmissionHeader;
  readonly #writer: EmissionWriter;
  readonly #settings: Settings;
  readonly #seed: number;
  readonly #handle: number;
  #sent = new Uint8Array(0);
  #bytes = 0;
  #open = true;

  /** @throws CliError `cli/file`, `cli/option` */
  constructor(file: string, pass: Played) {
    const light = pass.light?.();
    if (!light)
      throw new CliError('cli/option', '--emissions: nobody sends settings with entangled pairs; leave it out');
    const { linkId, source, pulses, seed } = light;
    this.pulses = pulses;
    this.#file = file;
    this.#header = { linkId, sessionId: pass.passId, pulseRateHz: source.pulseRateHz, pulses, simulated: true };
    this.#writer = new EmissionWriter(this.#header);
    this.#settings = new Settings(source);
    this.#seed = seed;
    checkWritable('--emissions', file);
    this.#handle = openSync(`${file}.part`, 'w', 0o600);
    fchmodSync(this.#handle, 0o600);
  }

  /** Bins come in order. */
  add({ bin, firstSlot, pulses, slot, intensity, state }: EventBin): void {
    if (this.#sent.length !== pulses) this.#sent = new Uint8Array(pulses);
    this.#settings.fill(this.#sent, seededRandom(this.#seed, bin));
    for (let row = 0; row < slot.length; row++) {
      // A click of another bin's slot: what was sent there is drawn by that bin, as good as any.
      const at = slot[row]! - firstSlot;
      if (at >= 0 && at < pulses) this.#sent[at] = intensity[row]! * 4 + state[row]!;
    }
    this.#append(this.#writer.write(this.#sent));
  }

  end(): void {
    this.#append(this.#writer.end());
    this.#close();
    renameSync(`${this.#file}.part`, this.#file);
  }

  /** Leaves nothing behind, unless it has ended. */
  abandon(): void {
    if (!this.#open) return;
    this.#close();
    rmSync(`${this.#file}.part`, { force: true });
  }

  written(): EmissionsWritten {
    const { linkId, sessionId, pulses } = this.#header;
    return { file: this.#file, linkId, sessionId, pulses, bytes: this.#bytes };
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at);
    this.#bytes += bytes.length;
  }

  #close(): void {
    this.#open = false;
    this.#sent.fill(0);
    closeSync(this.#handle);
  }
}

const GUIDE = 4096;

/** Draws settings, `intensity * 4 + basis * 2 + bit`, one uniform number each: an inverted distribution with a guide table. */
class Settings {
  /** Probability of all values up to one, and with it. */
  readonly #until = new Float64Array(12);
  /** The first value that a uniform number of this part of the unit interval may mean. */
  readonly #first = new Uint8Array(GUIDE);

  constructor({ intensities, basisXProbability }: Source) {
    let sum = 0;
    for (let value = 0; value < 12; value++) {
      const inBasis = value & 2 ? 1 - basisXProbability : basisXProbability;
      sum += ((intensities[value >> 2]?.probability ?? 0) * inBasis) / 2;
      this.#until[value] = sum;
    }
    // Rounding must not leave a number without a meaning.
    for (let value = 0; value < 12; value++) if (this.#until[value] === sum) this.#until[value] = 1;
    for (let part = 0, value = 0; part < GUIDE; part++) {
      while (this.#until[value]! <= part / GUIDE) value++;
      this.#first[part] = value;
    }
  }

  fill(out: Uint8Array, random: Random): void {
    const until = this.#until;
    const first = this.#first;
    for (let i = 0; i < out.length; i++) {
      const draw = random.uniform();
      let value = first[Math.floor(draw * GUIDE)]!;
      while (until[value]! <= draw) value++;
      out[i] = value;
    }
  }
}
