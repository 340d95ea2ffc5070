import type { BlockLabels } from './types.ts';

/** Lanes and blocks remembered; beyond them all are forgotten and asked for anew. */
const MOST = 4_096;

/**
 * What never changes once it is committed and is needed for every key: numbers of lanes, labels of blocks. A transaction
 * has a Fixed of its own on top of the vault's; what it has read counts for others when it is through, since it may have
 * read what it wrote itself.
 */
export class Fixed {
  readonly #before: Fixed | undefined;
  readonly #lanes = new Map<string, number>();
  readonly #labels = new Map<number, BlockLabels>();

  constructor(before?: Fixed) {
    this.#before = before;
  }

  lane(name: string): number | undefined {
    return this.#before?.lane(name) ?? this.#lanes.get(name);
  }

  labels(block: number): BlockLabels | undefined {
    return this.#before?.labels(block) ?? this.#labels.get(block);
  }

  keepLane(name: string, lane: number): void {
    this.#lanes.set(name, lane);
  }

  keepLabels(block: number, labels: BlockLabels): void {
    this.#labels.set(block, labels);
  }

  /** The transaction is through. */
  commit(): void {
    const { lanes, labels } = this.#before!.#room(this.#lanes.size + this.#labels.size);
    for (const [name, lane] of this.#lanes) lanes.set(name, lane);
    for (const [block, each] of this.#labels) labels.set(block, each);
  }

  /** What a savepoint undid may have been made in it. */
  forget(): void {
    this.#lanes.clear();
    this.#labels.clear();
  }

  #room(more: number): { lanes: Map<string, number>; labels: Map<number, BlockLabels> } {
    if (this.#lanes.size + this.#labels.size + more > MOST) this.forget();
    return { lanes: this.#lanes, labels: this.#labels };
  }
}
