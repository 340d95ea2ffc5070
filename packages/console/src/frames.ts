import { useEffect, useRef } from 'react';

/**
 * One animation loop for the page. It runs while somebody has something to move and stops when nobody has: a paused
 * mission costs no frame.
 */

/** Draws; returns whether it wants another frame. */
export type Draw = (nowMs: number) => boolean;

/** Twenty frames a second: smooth for what moves here, a third of the work of sixty. */
const FRAME_MS = 50;
const draws = new Set<Draw>();
let scheduled = false;
let lastMs = Number.NEGATIVE_INFINITY;

/** `?still` in the address: no movement between two events, for pictures that can be compared. */
export const still = globalThis.location !== undefined && new URLSearchParams(location.search).has('still');

const reducedMotion = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');

/** Whether things may glide rather than jump. */
export function mayGlide(): boolean {
  return !still && reducedMotion?.matches !== true;
}

function frame(nowMs: number): void {
  scheduled = false;
  lastMs = nowMs;
  let again = false;
  for (const draw of draws) again = draw(nowMs) || again;
  if (again && mayGlide()) wake();
}

/** Asks for a frame: something changed. */
export function wake(): void {
  if (scheduled) return;
  scheduled = true;
  const restMs = lastMs + FRAME_MS - performance.now();
  if (restMs > 4) setTimeout(() => requestAnimationFrame(frame), restMs);
  else requestAnimationFrame(frame);
}

/** Draws at every frame while mounted. */
export function useDraw(draw: Draw): void {
  const newest = useRef(draw);
  useEffect(() => {
    newest.current = draw;
    wake();
  });
  useEffect(() => {
    const member: Draw = (nowMs) => newest.current(nowMs);
    draws.add(member);
    wake();
    return () => {
      draws.delete(member);
    };
  }, []);
}
