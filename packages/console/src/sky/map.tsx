import { type GeoProjection, geoCircle, geoEquirectangular, geoGraticule, geoPath } from 'd3-geo';
import { useMemo, useRef } from 'react';
import { position } from '../format.ts';
import { mayGlide, useDraw } from '../frames.ts';
import type { Observed } from '../observed.ts';
import { useSize } from '../size.ts';
import { type Store, useStore } from '../store.ts';
import { words } from '../words.ts';
import { Follow, type Place } from './follow.ts';
import { EARTH_RADIUS_KM } from './globe.ts';
import { placeLabels } from './labels.ts';
import { LAND } from './land.ts';
import { isMoving } from './moment.ts';
import { NIGHT_DEPTHS_DEG, night } from './night.ts';
import { move, part, set } from './parts.ts';
import { middleLongitude, nearestOnTrack, type StationMark, stationMarks } from './scene.ts';
import {
  LABEL_CHARACTER,
  LABEL_LINE,
  SATELLITE_REACH,
  SatelliteSign,
  STATION_REACH,
  StationSign,
  stationLabel,
} from './signs.tsx';

/** Elevation above which a ground station can see the satellite well enough, for the circle drawn around it, degrees. */
const FOOTPRINT_ELEVATION_DEG = 10;
const RADIAN = Math.PI / 180;
/** The whole world, flat (equirectangular), turned so that the stations lie in its middle. Drawn without WebGL. */
export function WorldMap({ store }: { readonly store: Store<Observed> }) {
  const frame = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const { width } = useSize(frame);
  const height = Math.round(width / 2);
  const observed = useStore(store);
  const stations = stationMarks(observed);
  const centreDeg = Math.round(middleLongitude(stations));

  const projection = useMemo(
    () =>
      geoEquirectangular()
        .rotate([-centreDeg, 0])
        .scale(Math.max(width, 1) / (2 * Math.PI))
        .translate([width / 2, height / 2])
        .precision(0.3),
    [centreDeg, width, height],
  );
  const ground = useMemo(() => {
    const path = geoPath(projection).digits(1);
    return { land: path(LAND) ?? '', graticule: path(geoGraticule().step([30, 30])()) ?? '' };
  }, [projection]);

  const follow = useRef(new Follow());
  const drawn = useRef<{ sky: unknown; night: string; projection: unknown }>({
    sky: null,
    night: '',
    projection: null,
  });

  useDraw((nowMs) => {
    const { sky } = store.latest;
    if (sky === null || svg.current === null || width === 0) return false;
    if (drawn.current.sky !== sky) follow.current.aim(sky.satellite, nowMs, mayGlide());
    const place = follow.current.at(nowMs)!;
    const picture = { svg: svg.current, projection, width, height };
    const sun = `${sky.subsolar.longitudeDeg.toFixed(0)} ${sky.subsolar.latitudeDeg.toFixed(0)}`;
    if (drawn.current.night !== sun || drawn.current.projection !== projection) drawNight(picture, sky.subsolar);
    drawSatellite(picture, place, sky.track);
    drawStations(picture, place, stationMarks(store.latest), sky.satellite.name);
    drawn.current = { sky, night: sun, projection };
    return isMoving(sky) || follow.current.isMoving(nowMs);
  });

  const { sky } = observed;
  const label =
    sky === null
      ? words.sky.mapTitle
      : [
          words.sky.map(sky.satellite.name, position(sky.satellite.latitudeDeg, sky.satellite.longitudeDeg)),
          ...stations.map(({ name, beam }) => words.sky.stationState(name, words.sky.beam[beam])),
        ].join(' ');

  return (
    <div className="map" ref={frame} dir="ltr" style={{ aspectRatio: '2 / 1' }}>
      {width > 0 && (
        <svg ref={svg} width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
          <path className="map-graticule" d={ground.graticule} />
          <path className="map-land" d={ground.land} />
          {NIGHT_DEPTHS_DEG.map((depth) => (
            <path key={depth} className="map-night" data-part={`night-${depth}`} />
          ))}
          <path className="map-track" data-age="past" data-part="past" />
          <path className="map-track" data-age="future" data-part="future" />
          <path className="map-footprint" data-part="footprint" />
          {stations.map((station) => (
            <g key={station.id}>
              <path className="beam" data-beam={station.beam} data-part={`beam-${station.id}`} />
              <StationSign station={station} />
            </g>
          ))}
          <SatelliteSign />
          <text className="map-label" data-part="label-satellite">
            {sky?.satellite.name}
          </text>
          {stations.map((station) => (
            <text key={station.id} className="map-label" data-beam={station.beam} data-part={`label-${station.id}`}>
              <tspan>{stationLabel(station)}</tspan>
              <tspan className="map-label-site" x="0" dy={LABEL_LINE - 1}>
                {station.siteName}
              </tspan>
            </text>
          ))}
        </svg>
      )}
    </div>
  );
}

interface Picture {
  readonly svg: SVGSVGElement;
  readonly projection: GeoProjection;
  readonly width: number;
  readonly height: number;
}

function drawNight({ svg, projection }: Picture, subsolar: { latitudeDeg: number; longitudeDeg: number }): void {
  const path = geoPath(projection).digits(1);
  for (const depth of NIGHT_DEPTHS_DEG) set(part(svg, `night-${depth}`), 'd', path(night(subsolar, depth)) ?? '');
}

function drawSatellite(
  { svg, projection }: Picture,
  place: Place,
  track: readonly (readonly [number, number])[],
): void {
  const path = geoPath(projection).digits(1);
  const here: [number, number] = [place.longitudeDeg, place.latitudeDeg];
  const present = nearestOnTrack(track, place);
  const line = (points: readonly (readonly [number, number])[]) =>
    path({ type: 'LineString', coordinates: points as [number, number][] }) ?? '';
  set(part(svg, 'past'), 'd', line([...track.slice(0, present), here]));
  set(part(svg, 'future'), 'd', line([here, ...track.slice(present + 1)]));
  const elevation = FOOTPRINT_ELEVATION_DEG * RADIAN;
  const reach = Math.acos((EARTH_RADIUS_KM * Math.cos(elevation)) / (EARTH_RADIUS_KM + place.heightKm)) - elevation;
  const circle = geoCircle()
    .center(here)
    .radius(reach / RADIAN)();
  const outline = { type: 'LineString' as const, coordinates: circle.coordinates[0]! };
  set(part(svg, 'footprint'), 'd', path(outline) ?? '');
  const [x, y] = projection(here) ?? [0, 0];
  move(part(svg, 'satellite'), x, y);
}

function drawStations(picture: Picture, place: Place, stations: readonly StationMark[], satelliteName: string): void {
  const { svg, projection, width, height } = picture;
  const path = geoPath(projection).digits(1);
  const requests = [...stations, { ...place, id: 'satellite', name: satelliteName }].map((mark) => {
    const [x, y] = projection([mark.longitudeDeg, mark.latitudeDeg]) ?? [0, 0];
    const station = 'beam' in mark;
    const width = (station ? stationLabel(mark) : mark.name).length * LABEL_CHARACTER;
    const height = station ? 2 * LABEL_LINE : LABEL_LINE;
    return { id: mark.id, x, y, width, height, reach: station ? STATION_REACH : SATELLITE_REACH };
  });
  for (const station of stations) {
    const request = requests.find(({ id }) => id === station.id)!;
    move(part(svg, `station-${station.id}`), request.x, request.y);
    const ends: [number, number][] = [
      [place.longitudeDeg, place.latitudeDeg],
      [station.longitudeDeg, station.latitudeDeg],
    ];
    const d = station.lit ? (path({ type: 'LineString', coordinates: ends }) ?? '') : '';
    set(part(svg, `beam-${station.id}`), 'd', d);
  }
  for (const [index, { x, y }] of placeLabels(requests, { width, height }).entries()) {
    move(part(svg, `label-${requests[index]!.id}`), x, y + LABEL_LINE * 0.8);
  }
}
