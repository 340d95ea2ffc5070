/** A file of which parts can be asked for. */
export interface FileParts {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}
