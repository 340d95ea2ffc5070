/** Marks of 8 bytes, looked for at every position of the files. */
export class Canaries {
  readonly #byStart = new Map<number, Set<string>>();

  add(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const start = view.getUint32(at);
      const rest = view.getUint32(at + 4).toString(16);
      const known = this.#byStart.get(start);
      if (known) known.add(rest);
      else this.#byStart.set(start, new Set([rest]));
    }
  }

  count(file: Buffer): number {
    let found = 0;
    for (let at = 0; at + 8 <= file.length; at++) {
      const rests = this.#byStart.get(file.readUInt32BE(at));
      if (rests?.has(file.readUInt32BE(at + 4).toString(16))) found++;
    }
    return found;
  }
}
