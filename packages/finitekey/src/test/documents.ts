import type { DecoyDocument } from '../index.ts';

/** Pure-function vectors: the Micius source. */
export const twoDecoys: DecoyDocument = {
  protocol: 'decoy-bb84',
  intensities: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  nX: [9401211, 592918, 5871],
  mX: [99766, 8806, 2935],
  nZ: [940121, 59292, 587],
  mZ: [9977, 881, 294],
  epsSec: 1e-9,
  epsCor: 1e-15,
  leakBits: 1_024_611,
};
/** Vectors of adomasbaliuka/formal-qkd (Apache-2.0), one decoy, where interval arithmetic in Lean is checked against them; key and test named Z and X there. */
export const oneDecoy: DecoyDocument = {
  ...twoDecoys,
  intensities: [0.51, 0.15],
  probabilities: [0.7, 0.3],
  nX: [8875913, 1124087],
  mX: [185856, 26055],
  nZ: [165048, 20902],
  mZ: [3456, 484],
  leakBits: 1_776_924,
};
