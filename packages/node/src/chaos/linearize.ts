/**
 * Whether concurrent operations on one object may have taken place one after the other, each at some moment between its
 * call and its answer, and have answered what the object would then have answered (Herlihy and Wing, ACM TOPLAS 12 (1990)
 * 463). The search is that of Wing and Gong (J. Parallel Distrib. Comput. 17 (1993) 164) with a memory of the places that
 * led nowhere (Lowe, Concurrency Computat. 29 (2017) e3928).
 */
export interface Timed<State> {
  /** Logical times, all different. Of an operation that nobody knows the end of: Infinity. */
  readonly invokedAt: number;
  readonly returnedAt: number;
  /** States that it may leave the object in when it takes place in `state`; none: it cannot have answered that there. */
  step(state: State): readonly State[];
}

/** Operations on one object beyond this are no longer searched: a history so dense says little about one key. */
const MOST = 30;

/**
 * Whether an order explains all answers. An operation without end may have taken place at any time after its call, or
 * not at all. States are told apart by their JSON. Throws RangeError for more than 30 operations.
 */
export function isLinearizable<State>(operations: readonly Timed<State>[], initial: State): boolean {
  if (operations.length > MOST) throw new RangeError(`${operations.length} operations on one object, at most ${MOST}`);
  const order = [...operations].sort((a, b) => a.invokedAt - b.invokedAt);
  const answered = order.reduce((bits, { returnedAt }, i) => (returnedAt === Infinity ? bits : bits | (1 << i)), 0);
  const seen = new Set<string>();
  const search = (done: number, state: State): boolean => {
    if ((answered & ~done) === 0) return true;
    const place = `${done} ${JSON.stringify(state)}`;
    if (seen.has(place)) return false;
    seen.add(place);
    // Whoever is called after one of the others has its answer comes after it.
    let first = Infinity;
    for (const [i, { returnedAt }] of order.entries()) if (!(done & (1 << i))) first = Math.min(first, returnedAt);
    for (const [i, operation] of order.entries()) {
      if (operation.invokedAt > first) break;
      if (done & (1 << i)) continue;
      for (const next of operation.step(state)) if (search(done | (1 << i), next)) return true;
    }
    return false;
  };
  return search(0, initial);
}
