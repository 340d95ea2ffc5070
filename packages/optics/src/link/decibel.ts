/** Transmittance (0 to 1) of a loss in dB. */
export function transmittanceOf(lossDb: number): number {
  return 10 ** (-lossDb / 10);
}

/** Loss in dB of a transmittance; infinite for 0. */
export function lossDbOf(transmittance: number): number {
  // Adding zero turns the -0 of a lossless path into 0.
  return -10 * Math.log10(transmittance) + 0;
}
