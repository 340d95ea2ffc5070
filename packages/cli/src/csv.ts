/** Tables as RFC 4180 has them: commas, one header, lines ended by CR LF. */
export type Cell = string | number | null;

function field(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(header: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [header.map(field).join(',')];
  for (const row of rows) lines.push(row.map(field).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** A figure without digits that mean nothing. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
