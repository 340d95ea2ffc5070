import type { Browser } from 'playwright-core';

export function findChromium(): string | undefined;
export function playedDevices(framesPerSecond?: number): readonly string[];
export function launchChromium(more?: readonly string[]): Promise<Browser>;
