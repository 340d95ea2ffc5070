/** Bessel functions of the first kind, as much of them as a round aperture needs. */

/** From here on the asymptotic expansion has more digits than a double. */
const FAR = 25;

/** Hankel's expansion of J_n (Abramowitz & Stegun 9.2.5, 9.2.9, 9.2.10). */
function hankel(n: 0 | 1, x: number): number {
  const mu = 4 * n * n;
  let term = 1;
  let p = 1;
  let q = 0;
  for (let k = 1; k < 40 && Math.abs(term) > 1e-17; k++) {
    term *= (mu - (2 * k - 1) ** 2) / (k * 8 * x);
    if (k % 2 === 1) q += k % 4 === 1 ? term : -term;
    else p += k % 4 === 0 ? term : -term;
  }
  const phase = x - (n / 2 + 0.25) * Math.PI;
  return Math.sqrt(2 / (Math.PI * x)) * (p * Math.cos(phase) - q * Math.sin(phase));
}

/** Miller's backward recurrence, scaled by 1 = J_0 + 2 J_2 + 2 J_4 + … (9.1.46, 9.12). */
function miller(n: 0 | 1, x: number): number {
  let above = 0;
  let here = 1e-290;
  let sum = 0;
  for (let order = 2 * Math.ceil((x + 6 * Math.cbrt(x)) / 2 + 10); order > 0; order--) {
    if (order % 2 === 0) sum += here;
    const below = ((2 * order) / x) * here - above;
    above = here;
    here = below;
  }
  return (n === 0 ? here : above) / (2 * sum + here);
}

/** J_0(x) or J_1(x) for `x` of 0 or more, to about 13 digits of the envelope. */
export function besselJ(n: 0 | 1, x: number): number {
  if (x < 1e-4) return n === 0 ? 1 - (x * x) / 4 : x / 2;
  return x < FAR ? miller(n, x) : hankel(n, x);
}
