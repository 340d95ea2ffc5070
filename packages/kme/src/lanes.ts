/** Names of vault lanes, alike at both ends. `a>b` is the direction: `a` leads the lane and `b` follows. */

/** Keys that site `from` hands to its applications and assigns at site `to`. */
export const keyLane = (from: string, to: string): string => `kme/${from}>${to}`;

/** Hash point and pads for what the KME of site `from` says to that of site `to`. */
export const peerLane = (from: string, to: string): string => `auth/${from}>${to}`;

/** Key of a quantum link that waits to be relayed; led by the satellite. */
export const relayLane = (linkId: string): string => `relay/${linkId}`;

/** Hash point and pads of a quantum link; led by the satellite, followed by the station. */
export const linkLane = (linkId: string): string => `auth/${linkId}`;
