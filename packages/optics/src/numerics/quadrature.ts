/** Nodes and weights of a rule on 0 to 1. */
export interface Rule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/**
 * Gauss and Legendre's rule of `count` nodes in each of `panels` equal parts of 0 to 1. The nodes are the zeros of the
 * Legendre polynomial, by Newton's method on its recurrence (Abramowitz & Stegun 22.7.10, 25.4.29).
 */
export function gaussLegendre(count: number, panels = 1): Rule {
  const nodes = new Float64Array(count * panels);
  const weights = new Float64Array(count * panels);
  for (let i = 0; i < count; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let round = 0; round < 10; round++) {
      let before = 0;
      let value = 1;
      for (let n = 1; n <= count; n++) {
        const next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
        before = value;
        value = next;
      }
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    for (let panel = 0; panel < panels; panel++) {
      nodes[panel * count + i] = (panel + (1 + x) / 2) / panels;
      weights[panel * count + i] = 1 / ((1 - x * x) * slope * slope) / panels;
    }
  }
  return { nodes, weights };
}
