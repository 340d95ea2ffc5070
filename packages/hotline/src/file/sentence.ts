import type { CancelReason, RefuseReason } from './message.ts';
import type { ReceiverStage } from './receiver-state.ts';

// How a transfer ended, and what to do about it, for the people at either desk.

/** For the sender: why the other desk does not take the file. */
export const REFUSED: Readonly<Record<RefuseReason, string>> = {
  declined: 'The other side does not want this file.',
  'too-many': 'The other desk has too many files under way: offer it again when one has arrived.',
  'no-room': 'The other desk has no room for this file: ask them to make room, then offer it again.',
  policy: "The other desk's policy does not let this file in: ask its operator, or send something smaller.",
};

/** For the sender: what was read is not what was offered. */
export const CHANGED =
  'The file changed while it was being sent, so nothing more of it goes out: offer it again as it is now.';

/** For the sender: why the other desk ended it. */
export const CANCELLED_BY_RECEIVER: Readonly<Record<CancelReason, string>> = {
  person: 'The other side has cancelled this file.',
  unknown: 'The other desk does not know this file any more: offer it again.',
  damaged: 'What arrived at the other desk was damaged, and is thrown away there: offer the file again.',
};

/** For the receiver: why the other desk ended it. */
export const CANCELLED_BY_SENDER: Readonly<Record<CancelReason, string>> = {
  person: 'The other side has cancelled this file.',
  unknown: 'The other desk does not know this file any more: ask for it again.',
  damaged: 'The other desk gave this file up: ask for it again.',
};

/** For the receiver: too many chunks did not open. */
export const FORGED =
  'Piece after piece of this file arrives altered, so it was ended: look at the line, then ask for the file again.';

/** For the receiver: how it ended, where nothing better is known. */
export const ENDS: Readonly<Partial<Record<ReceiverStage, string>>> = {
  refused: 'You did not take this file.',
  cancelled: 'This file was cancelled.',
  changed: 'The file changed on the other desk while it was being sent; nothing of it was kept: ask for it again.',
  damaged: 'The file that arrived is not the one that was offered, and was thrown away: ask for it again.',
};
