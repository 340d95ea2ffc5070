/** What shines behind a satellite of the Moon or a place on it; what the Moon hides, `orbit` knows. */
import { moonDiscRadiance, type RadianceTerm } from '@skykey/optics';
import { type Direction, type Look, look, lunarSurface, type Station } from '@skykey/orbit';
import type { Lights } from './lights.ts';
import type { LinkScenario } from './model.ts';

/** Mean radius of the Moon, km, to which `lunarSurface` refers. */
const RADIUS_KM = 1737.4;
const [NEAR, FAR] = [0, 180].map((longitudeDeg) =>
  lunarSurface({ name: 'Moon', latitudeDeg: 0, longitudeDeg, heightM: 0 }),
) as [ReturnType<typeof lunarSurface>, ReturnType<typeof lunarSurface>];

/** East, north, up; km. */
type Vector = readonly [number, number, number];

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scaled = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor];
const norm = (a: Vector): number => Math.sqrt(dot(a, a));

function unit({ elevationDeg, azimuthDeg }: Direction): Vector {
  const [elevation, azimuth] = [(elevationDeg * Math.PI) / 180, (azimuthDeg * Math.PI) / 180];
  const level = Math.cos(elevation);
  return [level * Math.sin(azimuth), level * Math.cos(azimuth), Math.sin(elevation)];
}

const vectorOf = (at: Look): Vector => scaled(unit(at), at.rangeKm);

/** The Moon's centre: halfway between two places that lie opposite to each other. */
function centre(station: Station, utcMs: number): Vector {
  const [a, b] = [NEAR, FAR].map((place) => vectorOf(look(place, station, utcMs))) as [Vector, Vector];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
}

const isLunar = ({ satellite }: LinkScenario): boolean => satellite.document.orbit.kind.startsWith('lunar');

/** The phase law of the lit Moon ends here. */
const LARGEST_PHASE_DEG = 150;

/** The part of the Moon's disc that a satellite of the Moon, or a place on it, stands before; null beside the disc. */
export function moonBehind(link: LinkScenario, utcMs: number, lights: Lights): RadianceTerm | null {
  if (!isLunar(link) || link.direction === 'up') return null;
  const { station } = link.station;
  const there = vectorOf(look(link.satellite.target, station, utcMs));
  const moon = centre(station, utcMs);
  const onto = scaled(there, 1 / norm(there));
  const footKm = dot(moon, onto);
  const depth2 = RADIUS_KM ** 2 - (dot(moon, moon) - footKm ** 2);
  const onGround = link.satellite.document.orbit.kind === 'lunar-surface';
  if (depth2 < 0 && !onGround) return null;
  const spot = onGround ? there : scaled(onto, footKm - Math.sqrt(depth2));
  const lit = dot(minus(spot, moon), unit(lights.sun)) > 0;
  const { phaseAngleDeg } = lights.moon;
  const term = moonDiscRadiance({
    wavelengthNm: link.optics.wavelengthNm,
    phaseAngleDeg: lit ? Math.min(phaseAngleDeg, LARGEST_PHASE_DEG) : phaseAngleDeg,
    part: lit ? 'lit' : 'dark',
    station: { elevationDeg: lights.view.elevationDeg, heightM: station.altitudeM },
    filterWidthNm: link.receiverDocument.filterWidthNm.value,
  });
  if (!lit || phaseAngleDeg <= LARGEST_PHASE_DEG) return term;
  return { ...term, source: `${term.source}; as at a phase of ${LARGEST_PHASE_DEG} degrees, where the law ends` };
}
