import { createHash, webcrypto } from 'node:crypto';
import { FrameReceiver, FrameSender, Lease, OpeningKey, SealingKey } from '../index.ts';
import type { Bytes } from '../suites.ts';

/** As every browser has it. */
export const subtle = webcrypto.subtle as SubtleCrypto;

/** A base key that is the same whenever it is asked for by the same name. */
export function baseKey(name: string): Bytes {
  return new Uint8Array(createHash('sha256').update(name).digest());
}

/** Bytes 0, 1, 2 … */
export function counting(length: number): Bytes {
  return Uint8Array.from({ length }, (_, i) => i);
}

/** One stream in one direction, from its sender to its receiver, with a clock that the test turns. */
export class Line {
  nowMs = 1_000_000;
  keyFramesAskedFor = 0;
  readonly lease = new Lease();
  readonly sender: FrameSender;
  readonly receiver: FrameReceiver;

  constructor() {
    const now = () => this.nowMs;
    const onKeyFrameNeeded = () => this.keyFramesAskedFor++;
    this.sender = new FrameSender({ lease: this.lease, now, onKeyFrameNeeded });
    this.receiver = new FrameReceiver({ lease: this.lease, now });
    this.renew();
  }

  /** A line with a key of KID 4 in place. */
  static async begin(): Promise<Line> {
    const line = new Line();
    await line.rekey(4n);
    return line;
  }

  renew(): void {
    this.lease.renew(this.nowMs);
  }

  /** Lets time pass and the lease go on. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.renew();
  }

  async rekey(kid: bigint): Promise<void> {
    this.receiver.install(await OpeningKey.derive(subtle, kid, baseKey(`key ${kid}`)));
    this.sender.switchTo(await SealingKey.derive(subtle, kid, baseKey(`key ${kid}`)));
  }
}
