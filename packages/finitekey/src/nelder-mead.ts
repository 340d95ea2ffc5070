/**
 * The highest point of a function of a few variables, without derivatives: the simplex method of Nelder and Mead, Comput. J.
 * 7:308 (1965), with the coefficients of Gao and Han, Comput. Optim. Appl. 51:259 (2012), which keep it moving in more
 * than a few dimensions. A function that is not defined somewhere returns -Infinity there.
 */
export interface Ascent {
  readonly start: ArrayLike<number>;
  /** First length of every edge. */
  readonly step: number;
  /** Ends when no vertex lies further from the best than this in any coordinate, */
  readonly widthTolerance: number;
  /** and none is lower by more than this; both in units of their own. */
  readonly heightTolerance: number;
  /** Or after so many evaluations. */
  readonly evaluations: number;
}

export interface Summit {
  readonly x: Float64Array;
  readonly height: number;
  /** Spent. */
  readonly evaluations: number;
}

/** `heightAt` must not keep the array that it is given. Points of equal height keep their order: the same every time. */
export function climb(heightAt: (x: Float64Array) => number, ascent: Ascent): Summit {
  const { step, widthTolerance, heightTolerance } = ascent;
  const n = ascent.start.length;
  const expansion = 1 + 2 / n;
  const contraction = 0.75 - 1 / (2 * n);
  const shrinkage = 1 - 1 / n;

  let evaluations = 0;
  const height = (x: Float64Array): number => {
    evaluations++;
    const value = heightAt(x);
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  };
  const vertices = Array.from({ length: n + 1 }, (_, i) => {
    const x: Float64Array = Float64Array.from(ascent.start);
    if (i > 0) x[i - 1]! += step;
    return { x, height: height(x) };
  });
  const higher = (a: { height: number }, b: { height: number }): number =>
    a.height === b.height ? 0 : b.height > a.height ? 1 : -1;
  const centre = new Float64Array(n);
  const spare: Float64Array[] = [new Float64Array(n), new Float64Array(n)];
  /** The point beyond the centre, as seen from the worst vertex. */
  const beyond = (x: Float64Array, worst: Float64Array, reach: number): number => {
    for (let j = 0; j < n; j++) x[j] = centre[j]! + reach * (centre[j]! - worst[j]!);
    return height(x);
  };

  vertices.sort(higher);
  while (evaluations < ascent.evaluations) {
    const best = vertices[0]!;
    const worst = vertices[n]!;
    // Where nothing is defined there is no way up.
    if (best.height === Number.NEGATIVE_INFINITY) break;
    const narrow = (x: Float64Array): boolean => x.every((xj, j) => Math.abs(xj - best.x[j]!) <= widthTolerance);
    if (best.height - worst.height <= heightTolerance && vertices.every(({ x }) => narrow(x))) break;
    centre.fill(0);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) centre[j]! += vertices[i]!.x[j]! / n;

    const replace = (x: Float64Array, at: number): void => {
      const slot = spare.indexOf(x);
      spare[slot] = worst.x;
      worst.x = x;
      worst.height = at;
    };
    const first = spare[0]!;
    const second = spare[1]!;
    const reflected = beyond(first, worst.x, 1);
    if (reflected > best.height) {
      const expanded = beyond(second, worst.x, expansion);
      if (expanded > reflected) replace(second, expanded);
      else replace(first, reflected);
    } else if (reflected > vertices[n - 1]!.height) replace(first, reflected);
    else {
      const contracted = beyond(second, worst.x, reflected > worst.height ? contraction : -contraction);
      if (contracted > Math.max(reflected, worst.height)) replace(second, contracted);
      else {
        for (const vertex of vertices.slice(1)) {
          for (let j = 0; j < n; j++) vertex.x[j] = best.x[j]! + shrinkage * (vertex.x[j]! - best.x[j]!);
          vertex.height = height(vertex.x);
        }
      }
    }
    vertices.sort(higher);
  }
  return { x: vertices[0]!.x, height: vertices[0]!.height, evaluations };
}
