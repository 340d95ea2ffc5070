import { words } from '../words.ts';
import type { StationMark } from './scene.ts';

/** Heights and widths that both pictures of the Earth count with when they place labels, px. */
export const LABEL_LINE = 15;
export const LABEL_CHARACTER = 6.9;
export const STATION_REACH = 6;
export const SATELLITE_REACH = 10;

/** A ring at rest, a disc with light, a triangle when the link is down. */
export function StationSign({ station: { id, beam } }: { readonly station: StationMark }) {
  return (
    <g className="station" data-beam={beam} data-part={`station-${id}`}>
      {beam === 'dropped' ? <path d="M0-6.5 6.5 5h-13Z" /> : <circle r={beam === 'idle' ? 4 : 5} />}
    </g>
  );
}

export function SatelliteSign() {
  return (
    <g className="satellite" data-part="satellite">
      <circle className="satellite-halo" r="9" />
      <path className="satellite-body" d="M-3 0 0-3 3 0 0 3Z" />
      <path className="satellite-wings" d="M-9-1.6h5v3.2h-5zM4-1.6h5v3.2H4z" />
    </g>
  );
}

/** The station's name and, unless it rests, the word for its light. */
export function stationLabel({ name, beam }: Pick<StationMark, 'name' | 'beam'>): string {
  return beam === 'idle' ? name : `${name} · ${words.sky.beam[beam]}`;
}
