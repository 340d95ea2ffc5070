/** A fault that is planted into a copy of the source, to see whether the tests find it. */
export interface Fault {
  /** Unique, some words. */
  readonly name: string;
  /** What is broken, a sentence. */
  readonly breaks: string;
  /** Path in the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replacement: string;
  /** Test files of which at least one must fail; paths in the repository. */
  readonly tests: readonly string[];
}

/** Faults of one room: paths are within `folder`. */
export function faultsOf(folder: string, faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => ({
    ...fault,
    file: `${folder}/${fault.file}`,
    tests: fault.tests.map((test) => `${folder}/${test}`),
  }));
}
