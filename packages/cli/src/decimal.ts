/** Numbers as people type them: `-48.2`, `1e3`; no hexadecimal ones, which `Number` would take. */
export function isDecimal(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
}
