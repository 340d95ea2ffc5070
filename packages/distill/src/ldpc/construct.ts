import type { LiftedCode } from '@skykey/kernels';

/**
 * Progressive edge growth (Hu, Eleftheriou and Arnold, IEEE Trans. Inf. Theory 51, 386 (2005)) over circulants, so
 * that what grows at once is not an edge but `lift` of them (Li and Kumar, ISIT 2004). Columns are served in order of
 * degree, weak ones first; each new edge goes to a row that the column cannot reach yet, or reaches only by a long
 * way, in a layer that has fewest edges. Integers only, and a generator of its own: the two parties make the same
 * matrix.
 */

/**
 * Bits looked at in one search for short cycles: all that four edges reach, most of what six do. Three times as many
 * make no code better, by simulation, and take three times as long: a code is made in a tenth of a second.
 */
const SEARCH_BITS = 1_200;
/** Rows tried in a layer before the next one is asked. */
const TRIES = 32;
/** A row that the search did not reach. */
const FAR = 127;
/**
 * Columns of smaller degree have no edge in the last layer, of which some rows may be left out: there they would
 * hang on too few others.
 */
const LAST_LAYER_DEGREE = 4;

/**
 * A code with columns of the given degrees. `seed`: any whole number. `lift`: a multiple of 16. `mixed`: whether
 * columns are served by lot, but for those of degree 2; in order of degree every row gets the same share of each
 * degree.
 */
export function construct(
  lift: number,
  layers: number,
  degrees: readonly number[],
  seed: number,
  mixed: boolean,
): LiftedCode {
  const columns = degrees.length;
  const random = xorshift(seed);
  const edgesOf = Array.from({ length: layers }, () => ({ columns: [] as number[], shifts: [] as number[] }));
  const most = Math.max(...degrees);
  const layerOf = new Int32Array(columns * most);
  const shiftOf = new Int32Array(columns * most);
  const grown = new Int32Array(columns);

  const distance = new Int8Array(layers * lift);
  const rowSeen = new Int32Array(layers * lift);
  const bitSeen = new Int32Array(columns * lift);
  const queue = new Int32Array(layers * lift);
  let search = 0;

  /** How far every row is from bit 0 of `column`, as far as `SEARCH_BITS` go. */
  const measure = (column: number): void => {
    search++;
    let tail = 0;
    const reach = (c: number, bit: number, far: number): void => {
      for (let k = c * most, end = k + grown[c]!; k < end; k++) {
        let row = bit - shiftOf[k]!;
        if (row < 0) row += lift;
        row += layerOf[k]! * lift;
        if (rowSeen[row] === search) continue;
        rowSeen[row] = search;
        distance[row] = far;
        queue[tail++] = row;
      }
    };
    bitSeen[column * lift] = search;
    reach(column, 0, 0);
    for (let head = 0, bits = 0; head < tail && bits < SEARCH_BITS; head++) {
      const row = queue[head]!;
      const l = Math.floor(row / lift);
      const { columns: members, shifts } = edgesOf[l]!;
      for (let e = 0; e < members.length; e++) {
        let bit = row - l * lift + shifts[e]!;
        if (bit >= lift) bit -= lift;
        const c = members[e]!;
        if (bitSeen[c * lift + bit] === search) continue;
        bitSeen[c * lift + bit] = search;
        bits++;
        reach(c, bit, distance[row]! + 1);
      }
    }
  };

  const order = [...degrees.keys()].sort((a, b) => degrees[a]! - degrees[b]! || a - b);
  if (mixed) mix(order, degrees, random);
  for (const column of order) {
    const degree = degrees[column]!;
    for (let k = 0; k < degree; k++) {
      measure(column);
      const taken = layerOf.subarray(column * most, column * most + k);
      const open: { layer: number; weight: number }[] = [];
      for (let layer = 0; layer < layers; layer++) {
        if (taken.includes(layer) || (layer === layers - 1 && degree < LAST_LAYER_DEGREE)) continue;
        // Ties are broken by chance.
        open.push({ layer, weight: edgesOf[layer]!.columns.length * 65_536 + (random() >>> 16) });
      }
      open.sort((a, b) => a.weight - b.weight);
      const lightest = open[0]!.weight >>> 16;
      let layer = -1;
      let row = 0;
      let far = -1;
      for (const candidate of open) {
        if (far === FAR || (far >= 0 && candidate.weight >>> 16 > lightest + 1)) break;
        for (let attempt = 0; attempt < TRIES && far < FAR; attempt++) {
          const r = random() % lift;
          const at = candidate.layer * lift + r;
          const d = rowSeen[at] === search ? distance[at]! : FAR;
          if (d <= far) continue;
          far = d;
          layer = candidate.layer;
          row = r;
        }
      }
      const shift = row ? lift - row : 0;
      edgesOf[layer]!.columns.push(column);
      edgesOf[layer]!.shifts.push(shift);
      layerOf[column * most + k] = layer;
      shiftOf[column * most + k] = shift;
      grown[column] = k + 1;
    }
  }
  return { lift, columns, layers: edgesOf };
}

/** Columns of degree 2 stay in front, so that they close no short rings; the others come by lot. */
function mix(order: number[], degrees: readonly number[], random: () => number): void {
  const first = order.findIndex((column) => degrees[column]! > 2);
  for (let i = order.length - 1; i > first; i--) {
    const j = first + (random() % (i - first + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
}

/** Marsaglia's xorshift of 32 bits (J. Stat. Software 8(14), 2003), period 2^32 - 1. */
export function xorshift(seed: number): () => number {
  let x = Math.imul(seed, 0x9e3779b9) ^ 0x6c078965 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
