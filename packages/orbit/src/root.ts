/**
 * Where a continuous function crosses zero between `a` and `b`, at whose ends it has the values `fa` and `fb` of
 * opposite sign: inverse quadratic interpolation where it is safe, bisection elsewhere
 * (Chandrupatla, Advances in Engineering Software 28, 1997).
 * @returns an end of a bracket no wider than twice `tolerance`, the one with the smaller value
 */
export function root(
  f: (x: number) => number,
  a: number,
  b: number,
  fa: number,
  fb: number,
  tolerance: number,
): number {
  if (fa === 0) return a;
  if (fb === 0) return b;
  // The bracket is [x1, x2]; x3 is the point dropped last.
  let x1 = b;
  let f1 = fb;
  let x2 = a;
  let f2 = fa;
  let t = 0.5;
  for (;;) {
    const x = x1 + t * (x2 - x1);
    const fx = f(x);
    let x3 = x1;
    let f3 = f1;
    if (fx > 0 !== f1 > 0) {
      x3 = x2;
      f3 = f2;
      x2 = x1;
      f2 = f1;
    }
    x1 = x;
    f1 = fx;
    const smallest = tolerance / Math.abs(x2 - x1);
    if (f1 === 0 || smallest > 0.5) return Math.abs(f2) < Math.abs(f1) ? x2 : x1;
    const xi = (x1 - x2) / (x3 - x2);
    const phi = (f1 - f2) / (f3 - f2);
    t =
      phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi
        ? (f1 / (f2 - f1)) * (f3 / (f2 - f3)) + ((x3 - x1) / (x2 - x1)) * (f1 / (f3 - f1)) * (f2 / (f3 - f2))
        : 0.5;
    t = Math.min(1 - smallest, Math.max(smallest, t));
  }
}
