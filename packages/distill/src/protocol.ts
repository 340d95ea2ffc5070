/** Numbers that both parties must have in common; PROTOCOL.md gives their reasons. */

/** Version of the protocol, compared in the first message. */
export const VERSION = 2;
/** Most detections of one session, so that a peer cannot make this side fill its memory. */
export const MAX_DETECTIONS = 2 ** 24;
/** Pads of a session, in a row from a multiple of this number: Alice's tag, Bob's acceptance, Alice's release. */
export const PADS = 3;
