/** Faults that are planted to show that the search finds them: some words of one shipped file, and others instead. */
export interface Fault {
  readonly name: string;
  /** Under `packages/hotline/src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}
