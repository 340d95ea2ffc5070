/**
 * Minimises `cost . x` over `rows x = right`, 0 <= x <= 1, with few rows and many columns: primal simplex with bounds, two
 * phases, Dantzig's rule and, after a while, Bland's. Written for tests: it shares nothing with the bounds that it judges.
 */
export function simplex(
  cost: readonly number[],
  rows: readonly (readonly number[])[],
  right: readonly number[],
): { readonly value: number; readonly x: Float64Array } {
  const m = rows.length;
  const n = cost.length;
  // Rows are scaled to 1 on the right; the artificial columns n.. are the identity.
  const scale = right.map((b) => (b === 0 ? 1 : 1 / b));
  const column = (j: number): number[] =>
    j < n ? rows.map((row, i) => row[j]! * scale[i]!) : rows.map((_, i) => (i === j - n ? 1 : 0));
  const columns = Array.from({ length: n + m }, (_, j) => column(j));
  const b = right.map((value, i) => value * scale[i]!);
  const basis = Array.from({ length: m }, (_, i) => n + i);
  const atUpper = new Uint8Array(n + m);
  const upper = (j: number): number => (j < n ? 1 : Number.POSITIVE_INFINITY);

  const optimise = (costOf: (j: number) => number, usable: number): void => {
    for (let round = 0; round < 20_000; round++) {
      const inverse = invert(basis.map((j) => columns[j]!));
      const values = basicValues(inverse);
      const prices = inverse[0]!.map((_, i) => basis.reduce((sum, j, k) => sum + costOf(j) * inverse[k]![i]!, 0));
      let entering = -1;
      let best = 1e-13;
      for (let j = 0; j < usable; j++) {
        if (basis.includes(j)) continue;
        const reduced = costOf(j) - columns[j]!.reduce((sum, a, i) => sum + a * prices[i]!, 0);
        const gain = atUpper[j] === 1 ? reduced : -reduced;
        if (gain > best) {
          entering = j;
          if (round > 5000) break;
          best = gain;
        }
      }
      if (entering < 0) return;
      const direction = atUpper[entering] === 1 ? -1 : 1;
      const change = inverse.map((row) => -direction * row.reduce((sum, a, i) => sum + a * columns[entering]![i]!, 0));
      let step = upper(entering);
      let leaving = -1;
      for (let k = 0; k < m; k++) {
        const room =
          change[k]! < -1e-14
            ? values[k]! / -change[k]!
            : change[k]! > 1e-14
              ? (upper(basis[k]!) - values[k]!) / change[k]!
              : Number.POSITIVE_INFINITY;
        if (room < step) {
          step = Math.max(0, room);
          leaving = k;
        }
      }
      if (leaving < 0) atUpper[entering] = atUpper[entering] === 1 ? 0 : 1;
      else {
        atUpper[basis[leaving]!] = change[leaving]! > 0 ? 1 : 0;
        atUpper[entering] = 0;
        basis[leaving] = entering;
      }
    }
    throw new Error('the simplex did not end');
  };

  const basicValues = (inverse: readonly (readonly number[])[]): number[] => {
    const rest = [...b];
    for (let j = 0; j < n; j++) {
      if (atUpper[j] === 1 && !basis.includes(j)) for (let i = 0; i < m; i++) rest[i]! -= columns[j]![i]!;
    }
    return inverse.map((row) => row.reduce((sum, a, i) => sum + a * rest[i]!, 0));
  };

  const solution = (): Float64Array => {
    const x = Float64Array.from({ length: n }, (_, j) => atUpper[j]!);
    const values = basicValues(invert(basis.map((j) => columns[j]!)));
    for (const [k, j] of basis.entries()) if (j < n) x[j] = values[k]!;
    return x;
  };

  optimise((j) => (j < n ? 0 : 1), n);
  const values = basicValues(invert(basis.map((j) => columns[j]!)));
  if (basis.some((j, k) => j >= n && values[k]! > 1e-7)) throw new Error('no solution');
  optimise((j) => (j < n ? cost[j]! : 1e6), n);
  const x = solution();
  return { value: cost.reduce((sum, c, j) => sum + c * x[j]!, 0), x };
}

/** Inverse of the matrix of these columns. */
function invert(columns: readonly (readonly number[])[]): number[][] {
  const m = columns.length;
  const a = Array.from({ length: m }, (_, i) => [
    ...columns.map((column) => column[i]!),
    ...Array.from({ length: m }, (_, j) => (i === j ? 1 : 0)),
  ]);
  for (let k = 0; k < m; k++) {
    let pivot = k;
    for (let i = k + 1; i < m; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[pivot]![k]!)) pivot = i;
    [a[k], a[pivot]] = [a[pivot]!, a[k]!];
    const head = a[k]![k]!;
    for (let j = 0; j < 2 * m; j++) a[k]![j]! /= head;
    for (let i = 0; i < m; i++) {
      if (i === k) continue;
      const factor = a[i]![k]!;
      for (let j = 0; j < 2 * m; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  return a.map((row) => row.slice(m));
}
