import type { Direction, Look, Moon } from '@skykey/orbit';

/** Where everything stands that shines, over a station. */
export interface Lights {
  /** The line of sight of the link. */
  readonly view: Pick<Look, 'elevationDeg' | 'azimuthDeg'>;
  readonly sun: Direction;
  readonly moon: Pick<Moon, 'elevationDeg' | 'azimuthDeg' | 'phaseAngleDeg'>;
}
