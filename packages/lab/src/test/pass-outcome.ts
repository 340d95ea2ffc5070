/** A pass that was attacked and found, as a study keeps it. */
import type { PassOutcome } from '../outcome.ts';

export const passOutcome = (change: Partial<PassOutcome> = {}): PassOutcome => ({
  pass: 0,
  verdict: 'tap',
  hard: true,
  soft: true,
  score: 5,
  onsetS: 10,
  latencyS: 1,
  detections: 100,
  sifted: 50,
  knownBits: 0,
  secretBits: 10,
  leakageExcessBits: -20,
  refused: null,
  evidence: null,
  ...change,
});
