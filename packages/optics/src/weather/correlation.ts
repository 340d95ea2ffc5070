/** Correlation matrices, row by row in one Float64Array: the triangular factor, and the nearest one that has it. */

/** Pivots below this count as zero: a variable that the ones before it determine, as of two stations in one place. */
const PIVOT = 1e-12;

/**
 * The lower triangular L with L L' = matrix (Cholesky), also for a singular matrix. `missed` is the largest entry by
 * which L L' fails the matrix: next to nothing, unless the matrix has a negative eigenvalue and there is no such L.
 */
export function triangularFactor(
  matrix: Float64Array,
  n: number,
): { readonly factor: Float64Array; readonly missed: number } {
  const factor = new Float64Array(n * n);
  let missed = 0;
  for (let column = 0; column < n; column++) {
    for (let row = column; row < n; row++) {
      let rest = matrix[row * n + column]!;
      for (let k = 0; k < column; k++) rest -= factor[row * n + k]! * factor[column * n + k]!;
      const pivot = factor[column * n + column]!;
      if (row === column && rest > PIVOT) factor[row * n + column] = Math.sqrt(rest);
      else if (row > column && pivot > 0) factor[row * n + column] = rest / pivot;
      else missed = Math.max(missed, Math.abs(rest));
    }
  }
  return { factor, missed };
}

/** Eigenvalues and, in columns, eigenvectors of a symmetric matrix by Jacobi's rotations. */
function eigen(matrix: Float64Array, n: number): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const turn = (m: Float64Array, x: number, y: number, cosine: number, sine: number) => {
    const [before, after] = [m[x]!, m[y]!];
    m[x] = cosine * before - sine * after;
    m[y] = sine * before + cosine * after;
  };
  for (let sweep = 0, off = 1; sweep < 50 && off > 1e-28; sweep++) {
    off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q]!;
        off += apq * apq;
        if (Math.abs(apq) < 1e-300) continue;
        const ratio = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
        const tangent = (ratio < 0 ? -1 : 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const cosine = 1 / Math.hypot(1, tangent);
        for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, cosine, tangent * cosine);
        for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, cosine, tangent * cosine);
        for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q, cosine, tangent * cosine);
      }
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors };
}

/**
 * A correlation matrix near a symmetric one of unit diagonal: negative eigenvalues set to zero, the diagonal brought
 * back to 1 (spectral decomposition of Rebonato and Jaeckel, Journal of Risk 2(2):17, 1999).
 */
export function nearCorrelation(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = eigen(matrix, n);
  const near = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        near[i * n + j]! += Math.max(0, values[k]!) * vectors[i * n + k]! * vectors[j * n + k]!;
      }
    }
  }
  const scale = Float64Array.from({ length: n }, (_, i) => Math.sqrt(near[i * n + i]!));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) near[i * n + j]! /= scale[i]! * scale[j]!;
  return near;
}
