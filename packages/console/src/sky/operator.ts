import { type Camera, ease, glide } from './globe.ts';

const GLIDE_MS = 1400;

/** Holds the camera: moves it gently whenever it is to look somewhere else. */
export class Operator {
  #from: Camera | null = null;
  #to: Camera | null = null;
  #startMs = 0;

  /** Where the camera is now on its way to the target. It jumps at first, when only the picture's size changed, or when asked to. */
  look(target: Camera, nowMs: number, mayGlide: boolean): Camera {
    if (this.#to === null || JSON.stringify(this.#to) !== JSON.stringify(target)) {
      const resized = this.#to?.longitudeDeg === target.longitudeDeg && this.#to.latitudeDeg === target.latitudeDeg;
      this.#from = this.#to === null || resized || !mayGlide ? target : this.#now(nowMs);
      this.#to = target;
      this.#startMs = nowMs;
    }
    return this.#now(nowMs);
  }

  isMoving(nowMs: number): boolean {
    return this.#from !== this.#to && nowMs < this.#startMs + GLIDE_MS;
  }

  #now(nowMs: number): Camera {
    if (!this.isMoving(nowMs)) return this.#to!;
    return glide(this.#from!, this.#to!, ease((nowMs - this.#startMs) / GLIDE_MS));
  }
}
