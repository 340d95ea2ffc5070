import { geoGraticule, geoOrthographic, geoPath } from 'd3-geo';
import type { MultiPolygon } from 'geojson';
import { useRef } from 'react';
import { kilometres, spell } from '../format.ts';
import { mayGlide, useDraw, wake } from '../frames.ts';
import { type Observed, presentPass } from '../observed.ts';
import { useSize } from '../size.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { Follow, type Place } from './follow.ts';
import { type Camera, overStation, project, wholeEarth } from './globe.ts';
import { placeLabels } from './labels.ts';
import { fineLand, LAND } from './land.ts';
import { isMoving } from './moment.ts';
import { NIGHT_DEPTHS_DEG, night } from './night.ts';
import { Operator } from './operator.ts';
import { move, part, set, show } from './parts.ts';
import { middleLongitude, stationMarks } from './scene.ts';
import {
  LABEL_CHARACTER,
  LABEL_LINE,
  SATELLITE_REACH,
  SatelliteSign,
  STATION_REACH,
  StationSign,
  stationLabel,
} from './signs.tsx';

/** Half the width of the close-up, degrees of Earth: the photon window of a pass (1,200 km) and some more. */
const HALF_WIDTH_DEG = 13;
const WHOLE_LATITUDE_DEG = 28;
const STARS = Array.from({ length: 70 }, (_, index) => ({
  x: (index * 137.508) % 100,
  y: ((index * 61.803) % 89) + ((index * 7) % 11),
  r: 0.4 + ((index * 31) % 10) / 14,
}));

/** The station of the pass that is going on, if photons will be, are or were exchanged in it. */
function stationInView({ sky }: Observed): string | null {
  if (sky === null) return null;
  const pass = presentPass(sky.passes, sky.utcMs);
  return pass !== null && pass.window !== null && pass.aosMs <= sky.utcMs ? pass.stationId : null;
}

/** The Earth from space: whole between passes; during a pass close to the station, with the beam to it. */
export function CloseUp({ store }: { readonly store: Store<Observed> }) {
  const frame = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { width, height } = useSize(frame);
  const observed = useStore(store);
  const stations = stationMarks(observed);
  const inView = stationInView(observed);
  const camera = useRef(new Operator());
  const follow = useRef(new Follow());
  const drawn = useRef<{ sky: unknown; ground: string }>({ sky: null, ground: '' });
  const fine = useRef<MultiPolygon | 'coming' | null>(null);

  useDraw((nowMs) => {
    const { sky } = store.latest;
    if (sky === null || svg.current === null || width === 0) return false;
    if (drawn.current.sky !== sky) follow.current.aim(sky.satellite, nowMs, mayGlide());
    const id = stationInView(store.latest);
    const station = sky.stations.find((candidate) => candidate.id === id);
    const target =
      station === undefined
        ? wholeEarth(width, height, Math.round(middleLongitude(sky.stations)), WHOLE_LATITUDE_DEG)
        : overStation(width, height, station, HALF_WIDTH_DEG);
    const view = camera.current.look(target, nowMs, mayGlide());
    const arrived = !camera.current.isMoving(nowMs);
    if (station !== undefined && fine.current === null) {
      fine.current = 'coming';
      void fineLand().then((land) => {
        fine.current = land;
        wake();
      });
    }
    const detailed = arrived && station !== undefined && fine.current !== null && fine.current !== 'coming';
    const sun = `${sky.subsolar.longitudeDeg.toFixed(0)} ${sky.subsolar.latitudeDeg.toFixed(0)}`;
    const ground = `${JSON.stringify(view)} ${sun} ${detailed}`;
    if (drawn.current.ground !== ground) {
      const land = detailed ? (fine.current as MultiPolygon) : LAND;
      drawGround(svg.current, view, land, sky.subsolar, { width, height }, station !== undefined);
    }
    drawSky(svg.current, view, follow.current.at(nowMs)!, store.latest, { width, height });
    drawn.current = { sky, ground };
    return isMoving(sky) || follow.current.isMoving(nowMs) || !arrived;
  });

  const { sky } = observed;
  const name = sky?.satellite.name ?? '';
  const inViewName = sky?.stations.find((station) => station.id === inView)?.name;
  const label = inViewName === undefined ? words.sky.globe(name) : words.sky.globePass(name, inViewName);

  return (
    <div className="closeup" ref={frame} dir="ltr">
      {width > 0 && height > 0 && (
        <svg ref={svg} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
          <defs>
            <radialGradient id="air" data-part="air" gradientUnits="userSpaceOnUse">
              <stop offset="0.955" className="air-stop" stopOpacity="0" />
              <stop offset="0.962" className="air-stop" stopOpacity="0.55" />
              <stop offset="1" className="air-stop" stopOpacity="0" />
            </radialGradient>
          </defs>
          <g className="stars">
            {STARS.map((star) => (
              <circle key={`${star.x}`} cx={`${star.x}%`} cy={`${star.y}%`} r={star.r} />
            ))}
          </g>
          <circle className="air" data-part="air-disc" fill="url(#air)" />
          <path className="map-track" data-age="behind" data-part="behind" />
          <circle className="globe-sea" data-part="sea" />
          <path className="map-graticule" data-part="graticule" />
          <path className="map-land" data-part="land" />
          {NIGHT_DEPTHS_DEG.map((depth) => (
            <path key={depth} className="map-night" data-part={`night-${depth}`} />
          ))}
          <path className="map-track" data-age="future" data-part="before" />
          {stations.map((station) => (
            <g key={station.id}>
              <path className="beam-glow" data-beam={station.beam} data-part={`glow-${station.id}`} />
              <path className="beam" data-beam={station.beam} data-part={`beam-${station.id}`} />
              <StationSign station={station} />
              <g className="tapper" data-part={`tapper-${station.id}`}>
                <path d="M0-9 9 6.5H-9Z" />
                <path className="tapper-sign" d="M0-3.4V2M0 4.1v.2" />
              </g>
            </g>
          ))}
          <SatelliteSign />
          {stations.map((station) => (
            <text key={station.id} className="map-label" data-part={`label-${station.id}`}>
              {stationLabel(station)}
            </text>
          ))}
          <text className="map-label" data-part="label-satellite">
            {name}
          </text>
        </svg>
      )}
      <p className="closeup-caption">
        <span>{inViewName === undefined ? words.sky.overEarth : words.sky.over(inViewName)}</span>
        {sky !== null && <span>{words.sky.height(spell(kilometres(sky.satellite.heightKm)))}</span>}
      </p>
    </div>
  );
}

function circle(element: SVGElement | null, camera: Camera, radius: number): void {
  set(element, 'cx', camera.x.toFixed(1));
  set(element, 'cy', camera.y.toFixed(1));
  set(element, 'r', radius.toFixed(1));
}

function drawGround(
  svg: SVGSVGElement,
  camera: Camera,
  land: MultiPolygon,
  subsolar: { readonly latitudeDeg: number; readonly longitudeDeg: number },
  { width, height }: PictureSize,
  close: boolean,
): void {
  const projection = geoOrthographic()
    .rotate([-camera.longitudeDeg, -camera.latitudeDeg])
    .scale(camera.radius)
    .translate([camera.x, camera.y])
    .clipExtent([
      [-40, -40],
      [width + 40, height + 40],
    ])
    .precision(0.4);
  const path = geoPath(projection).digits(1);
  const step = close ? 5 : 20;
  set(part(svg, 'land'), 'd', path(land) ?? '');
  set(part(svg, 'graticule'), 'd', path(geoGraticule().step([step, step])()) ?? '');
  for (const depth of NIGHT_DEPTHS_DEG) set(part(svg, `night-${depth}`), 'd', path(night(subsolar, depth)) ?? '');
  circle(part(svg, 'sea'), camera, camera.radius);
  circle(part(svg, 'air'), camera, camera.radius * 1.045);
  circle(part(svg, 'air-disc'), camera, camera.radius * 1.045);
}

interface PictureSize {
  readonly width: number;
  readonly height: number;
}

function drawSky(svg: SVGSVGElement, camera: Camera, place: Place, observed: Observed, picture: PictureSize): void {
  const track = observed.sky?.track ?? [];
  const before: string[] = [];
  const behind: string[] = [];
  let last: 'before' | 'behind' | null = null;
  for (const [longitudeDeg, latitudeDeg] of track) {
    const spot = project(camera, longitudeDeg, latitudeDeg, place.heightKm);
    const side = spot.near ? 'before' : 'behind';
    const at = `${spot.x.toFixed(1)} ${spot.y.toFixed(1)}`;
    if (last !== null && side !== last) (last === 'before' ? before : behind).push(`L${at}`);
    (side === 'before' ? before : behind).push(`${side === last ? 'L' : 'M'}${at}`);
    last = side;
  }
  set(part(svg, 'before'), 'd', before.join(''));
  set(part(svg, 'behind'), 'd', behind.join(''));

  const satellite = project(camera, place.longitudeDeg, place.latitudeDeg, place.heightKm);
  put(part(svg, 'satellite'), satellite.x, satellite.y, satellite.visible);
  const stations = stationMarks(observed);
  const name = observed.sky?.satellite.name ?? '';
  const labels = [
    { id: 'satellite', text: name, spot: satellite, reach: SATELLITE_REACH },
    ...stations.map((station) => ({
      id: station.id,
      text: stationLabel(station),
      spot: project(camera, station.longitudeDeg, station.latitudeDeg),
      reach: STATION_REACH,
    })),
  ].filter(({ spot }) => spot.visible);
  const places = placeLabels(
    labels.map(({ text, spot: { x, y }, reach }) => ({
      x,
      y,
      reach,
      width: text.length * LABEL_CHARACTER,
      height: LABEL_LINE,
    })),
    picture,
  );
  for (const { id } of [{ id: 'satellite' }, ...stations]) {
    show(
      part(svg, `label-${id}`),
      labels.some((label) => label.id === id),
    );
  }
  for (const [index, { x, y }] of places.entries()) {
    move(part(svg, `label-${labels[index]!.id}`), x, y + LABEL_LINE * 0.8);
  }
  for (const station of stations) {
    const foot = project(camera, station.longitudeDeg, station.latitudeDeg);
    put(part(svg, `station-${station.id}`), foot.x, foot.y, foot.visible);
    const lit = station.lit && foot.visible && satellite.visible;
    const line = `M${satellite.x.toFixed(1)} ${satellite.y.toFixed(1)}L${foot.x.toFixed(1)} ${foot.y.toFixed(1)}`;
    set(part(svg, `beam-${station.id}`), 'd', lit ? line : '');
    set(part(svg, `glow-${station.id}`), 'd', lit ? line : '');
    const middle = { x: (satellite.x + foot.x) / 2, y: (satellite.y + foot.y) / 2 };
    put(part(svg, `tapper-${station.id}`), middle.x, middle.y, lit && station.tapped);
  }
}

function put(element: SVGElement | null, x: number, y: number, shown: boolean): void {
  show(element, shown);
  move(element, x, y);
}
