import type { MultiPolygon } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import coarse from 'world-atlas/land-110m.json' with { type: 'json' };

/** Land of the Earth, Natural Earth 1:110 million (public domain), through world-atlas. */
export const LAND: MultiPolygon = outline(coarse);

/** The same at 1:50 million, loaded when a picture comes close. */
export async function fineLand(): Promise<MultiPolygon> {
  const { default: fine } = await import('world-atlas/land-50m.json', { with: { type: 'json' } });
  return outline(fine);
}

function outline(atlas: unknown): MultiPolygon {
  const topology = atlas as Topology<{ land: GeometryCollection }>;
  const [land] = feature(topology, topology.objects.land).features;
  return land!.geometry as MultiPolygon;
}
