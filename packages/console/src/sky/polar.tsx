import type { PassState } from '@skykey/telemetry';
import { useMemo, useRef } from 'react';
import { degrees, utcMinute } from '../format.ts';
import { useDraw } from '../frames.ts';
import type { Observed } from '../observed.ts';
import type { Store } from '../store.ts';
import { words } from '../words.ts';
import { alongPass, type Direction, isMoving, momentAt } from './moment.ts';

const SIZE = 240;
const RADIUS = 96;
const CENTRE = SIZE / 2;
const RINGS_DEG = [0, 30, 60] as const;

/** Zenith in the middle, horizon at the rim, north up, east to the right as on a map. */
function spot({ azimuthDeg, elevationDeg }: Direction): { readonly x: number; readonly y: number } {
  const azimuth = (azimuthDeg * Math.PI) / 180;
  const radius = (RADIUS * (90 - Math.max(elevationDeg, 0))) / 90;
  return { x: CENTRE + radius * Math.sin(azimuth), y: CENTRE - radius * Math.cos(azimuth) };
}

/** The half of the plot that the highest point of the pass is not in: 1 for east, -1 for west. */
function freeSide(path: readonly Direction[]): 1 | -1 {
  const top = path.reduce<Direction | null>(
    (best, point) => (best !== null && best.elevationDeg > point.elevationDeg ? best : point),
    null,
  );
  return top !== null && spot(top).x > CENTRE ? -1 : 1;
}

function line(points: readonly Direction[]): string {
  return points
    .map((point, index) => {
      const { x, y } = spot(point);
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

/** The way of one pass over a station's sky, the part with photons drawn strongly, and where the satellite is now. */
export function Polar({
  pass,
  stationName,
  store,
}: {
  readonly pass: PassState;
  readonly stationName: string;
  readonly store: Store<Observed>;
}) {
  const marker = useRef<SVGGElement>(null);
  const shapes = useMemo(() => {
    const { window, path } = pass;
    const open = window === null ? [] : path.filter(({ utcMs }) => window.startMs <= utcMs && utcMs <= window.endMs);
    return { whole: line(path), open: line(open), rise: path[0], set: path.at(-1), free: freeSide(path) };
  }, [pass]);

  useDraw((nowMs) => {
    const { sky, skyReceivedMs } = store.latest;
    if (sky === null || marker.current === null) return false;
    const direction = alongPass(pass.path, momentAt(sky, skyReceivedMs, nowMs));
    marker.current.setAttribute('visibility', direction === null ? 'hidden' : 'visible');
    if (direction === null) return false;
    const { x, y } = spot(direction);
    marker.current.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    return isMoving(sky);
  });

  const { rise, set } = shapes;
  const label = words.pass.polar(
    stationName,
    rise === undefined ? '' : degrees(rise.azimuthDeg, 0),
    degrees(pass.maxElevationDeg, 0),
    set === undefined ? '' : degrees(set.azimuthDeg, 0),
  );
  const { compass } = words.pass;
  return (
    <svg className="polar" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={label} direction="ltr">
      {RINGS_DEG.map((ring) => (
        <circle
          key={ring}
          className="polar-ring"
          data-rim={ring === 0}
          cx={CENTRE}
          cy={CENTRE}
          r={(RADIUS * (90 - ring)) / 90}
        />
      ))}
      <path
        className="polar-ring"
        d={`M${CENTRE} ${CENTRE - RADIUS}v${2 * RADIUS}M${CENTRE - RADIUS} ${CENTRE}h${2 * RADIUS}`}
      />
      {[30, 60].map((ring) => (
        <text
          key={ring}
          className="polar-scale"
          textAnchor={shapes.free > 0 ? 'end' : 'start'}
          x={CENTRE + shapes.free * ((RADIUS * (90 - ring)) / 90 - 3)}
          y={CENTRE - 4}
        >
          {ring}°
        </text>
      ))}
      <text className="polar-compass" x={CENTRE} y={CENTRE - RADIUS - 8}>
        {compass.n}
      </text>
      <text className="polar-compass" x={CENTRE + RADIUS + 13} y={CENTRE + 4}>
        {compass.e}
      </text>
      <text className="polar-compass" x={CENTRE} y={CENTRE + RADIUS + 17}>
        {compass.s}
      </text>
      <text className="polar-compass" x={CENTRE - RADIUS - 13} y={CENTRE + 4}>
        {compass.w}
      </text>
      <path className="polar-path" d={shapes.whole} />
      <path className="polar-window" d={shapes.open} />
      {rise !== undefined && <PolarTime at={rise} utcMs={pass.aosMs} />}
      {set !== undefined && <PolarTime at={set} utcMs={pass.losMs} />}
      <g className="polar-now" ref={marker} visibility="hidden">
        <circle r="8" className="satellite-halo" />
        <circle r="4" />
      </g>
    </svg>
  );
}

/** A tick where the pass begins or ends, with its time towards the middle of the plot. */
function PolarTime({ at, utcMs }: { readonly at: Direction; readonly utcMs: number }) {
  const { x, y } = spot(at);
  const side = x > CENTRE ? -1 : 1;
  return (
    <>
      <circle className="polar-tick" cx={x} cy={y} r="2.6" />
      <text className="polar-time" x={x + side * 7} y={y + 4} textAnchor={side > 0 ? 'start' : 'end'}>
        {utcMinute(utcMs)}
      </text>
    </>
  );
}
