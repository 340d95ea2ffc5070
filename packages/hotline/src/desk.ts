import { HotlineError } from './error.ts';

/**
 * How a text is sealed. `one-time-pad`: pad and Wegman–Carter tag from keys that no function ever stretched, secret and
 * authentic whatever anybody can compute. `aes-256-gcm`: one 256-bit key for each message, secret against whoever cannot
 * break AES. Which one is a site's policy; a desk never changes it by itself.
 */
export type Suite = 'one-time-pad' | 'aes-256-gcm';

/** A desk as both sides have pinned it, before the first word. */
export interface DeskIdentity {
  /** 1 to 64 printable ASCII characters without space, unique among the desks of a network. */
  readonly deskId: string;
  /** What this desk's policy accepts; nothing outside this list is ever sealed for it or opened by it. */
  readonly accepts: readonly Suite[];
}

export function checkDesk(role: 'self' | 'peer', desk: DeskIdentity): void {
  if (!/^[!-~]{1,64}$/.test(desk.deskId)) {
    throw new HotlineError(
      'hotline/bad-argument',
      `${role}.deskId must be 1 to 64 printable ASCII characters without space, not ${JSON.stringify(desk.deskId)}`,
    );
  }
}
