/** What travels under keys of its own, so that no lane can spend, block or read another's. */
export type Lane = 'control' | 'text' | 'file';

/** 1 from the desk whose id sorts first (byte by byte) to the other, 2 back. */
export type Direction = 1 | 2;

export const LANES: readonly Lane[] = ['control', 'text', 'file'];
export const DIRECTIONS: readonly Direction[] = [1, 2];

/** Desk ids are ASCII, where the order of JavaScript's strings is that of their bytes. */
export function directionOf(senderId: string, receiverId: string): Direction {
  return senderId < receiverId ? 1 : 2;
}
