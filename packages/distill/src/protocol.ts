/** Numbers that both parties must have in common; PROTOCOL.md gives their reasons. */

/** Version of the protocol, compared in the first message. */
export const VERSION = 1;
/** Most detections of one session, so that a peer cannot make this side fill its memory. */
export const MAX_DETECTIONS = 2 ** 24;
/** Most authentication pads that a session skips to meet the peer: a liar cannot burn a reserve faster than this. */
export const MAX_PAD_JUMP = 64;
/** Pads of an accepted session: Alice's tag, Bob's acceptance, Alice's release. */
export const PADS = 3;
