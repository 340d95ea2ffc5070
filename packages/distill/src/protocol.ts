/** Numbers that both parties must have in common; PROTOCOL.md gives their reasons. */

/** Version of the protocol, compared in the first message. */
export const VERSION = 3;
/** Most detections of one session, so that a peer cannot make this side fill its memory. */
export const MAX_DETECTIONS = 2 ** 24;
/** Pads of a session, in a row from a multiple of this number: Alice's tag, Bob's acceptance, Alice's release. */
export const PADS = 3;
/** What Alice says of a block that Bob holds: it was begun here and never released; released; never begun here. */
export const FATES = { withheld: 0, released: 1, unknown: 2 } as const;
/** Most claims by which Bob looks for his slots, each of at most 8 million slots: beyond that he is after the settings. */
export const MOST_CLAIMS = 64;
