/** Where a file of time tags stops making sense. Whatever came before is good and is kept. */
export interface TagFault {
  /** Of the first byte of the record at fault, from the start of the file; of a column where a record has no place of its own. */
  readonly byteOffset: number;
  /**
   * `cut` the file ends inside a record; `order` a tag is earlier than the one before; `channel` no detector or one that
   * the station does not have; `range` a time that cannot be held; `content` not what the format says.
   */
  readonly kind: 'cut' | 'order' | 'channel' | 'range' | 'content';
  /** One sentence: what is there, and what would be right. */
  readonly reason: string;
}

/** `file.dat, byte 1234: …`, for people. */
export function describeFault(name: string, { byteOffset, reason }: TagFault): string {
  return `${name}, byte ${byteOffset}: ${reason}`;
}
