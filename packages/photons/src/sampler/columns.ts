/** Copies a column into a longer one. */
export function longer<T extends Float64Array | Int32Array | Uint16Array | Uint8Array>(old: T, room: T): T {
  room.set(old);
  return room;
}
