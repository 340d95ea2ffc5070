import { bits, count, duration, spell, utcMinute, utcTime } from '../format.ts';
import { type LinkView, linkViews, type Observed, presentPass } from '../observed.ts';
import { words } from '../words.ts';

/** What is going on, in one sentence, and what it means, in another. */
export interface Narration {
  readonly tone: 'calm' | 'live' | 'alarm';
  readonly headline: string;
  readonly detail: string;
  /** The link whose panel shows more. */
  readonly linkId?: string;
}

/** The most important thing first: an alarm, a clock that stands, photons, distillation, a pass, then waiting. */
export function narrate(observed: Observed): Narration | null {
  const { sky } = observed;
  if (sky === null) return null;
  const views = linkViews(observed);
  const next = upcoming(observed);

  const dropped = views.find((view) => view.state === 'dropped');
  if (dropped !== undefined) {
    const tapped = dropped.tap?.on === true;
    const name = words.link.name(dropped.satelliteName, dropped.siteName);
    return {
      tone: 'alarm',
      headline: tapped ? words.now.droppedHeadline(name) : words.now.droppedHeadlineClosed(name),
      detail: words.now.droppedDetail,
      linkId: dropped.linkId,
    };
  }
  if (sky.clock.stopped !== undefined) {
    return { tone: 'calm', headline: words.now.stoppedHeadline, detail: sky.clock.stopped };
  }
  if (sky.clock.paused) return { tone: 'calm', headline: words.now.pausedHeadline, detail: words.now.pausedDetail };

  const lit = views.find((view) => view.station.beam === 'quantum');
  if (lit !== undefined) {
    return {
      tone: 'live',
      headline: words.now.quantumHeadline(sky.satellite.name, lit.station.name),
      detail:
        lit.tap?.on === true ? words.now.tappedDetail : words.now.quantumDetail(count(lit.station.detectionRateHz)),
    };
  }
  const distilling = views.find((view) => view.state === 'session' && currentStage(view) !== null);
  if (distilling !== undefined) {
    const stage = currentStage(distilling)!;
    const meaning = words.link.stageMeaning[stage as keyof typeof words.link.stageMeaning];
    return {
      tone: 'live',
      headline: words.now.distilHeadline(distilling.siteName),
      detail: words.now.distilDetail(meaning === undefined ? stage : meaning.toLowerCase()),
    };
  }
  return passing(observed, next) ?? waiting(observed, views, next);
}

function currentStage({ ground, space }: LinkView): string | null {
  const stage = ground?.stage ?? space?.stage ?? null;
  return stage === 'done' ? null : stage;
}

/** The satellite is above a station's horizon, outside the photon window. */
function passing({ sky }: Observed, next: string): Narration | null {
  if (sky === null) return null;
  const pass = presentPass(sky.passes, sky.utcMs);
  if (pass === null || pass.window === null || sky.utcMs < pass.aosMs) return null;
  const station = sky.stations.find((candidate) => candidate.id === pass.stationId)?.name ?? pass.stationId;
  const { name } = sky.satellite;
  if (sky.utcMs < pass.window.startMs) {
    return {
      tone: 'calm',
      headline: words.now.risingHeadline(name, station),
      detail: words.now.risingDetail(utcTime(pass.window.startMs), duration(pass.window.startMs - sky.utcMs)),
    };
  }
  return {
    tone: 'calm',
    headline: words.now.settingHeadline(name, station),
    detail: next === '' ? words.now.settingDetail : next,
  };
}

function waiting(observed: Observed, views: readonly LinkView[], next: string): Narration {
  const sky = observed.sky!;
  const [a, b] = views;
  const stock = a?.site?.stock;
  const shared = stock === undefined ? 0 : stock.sendBits + stock.receiveBits;
  if (shared > 0 && a !== undefined && b !== undefined) {
    const amount = `${spell(bits(shared))}.`;
    return {
      tone: 'calm',
      headline: words.now.sharedHeadline(a.siteName, b.siteName),
      detail: next === '' ? amount : `${amount} ${next}`,
    };
  }
  const pass = presentPass(sky.passes, sky.utcMs);
  if (pass === null || pass.aosMs <= sky.utcMs) {
    return { tone: 'calm', headline: words.now.idleHeadline(sky.satellite.name), detail: words.now.idleDetail };
  }
  const station = sky.stations.find((candidate) => candidate.id === pass.stationId)?.name ?? pass.stationId;
  return {
    tone: 'calm',
    headline: words.now.nextHeadline(sky.satellite.name, station),
    detail: words.now.nextDetail(utcMinute(pass.aosMs), duration(pass.aosMs - sky.utcMs)),
  };
}

/** The next pass with a photon window that has not begun, as a sentence; empty where there is none. */
function upcoming({ sky }: Observed): string {
  if (sky === null) return '';
  const pass = presentPass(
    sky.passes.filter((candidate) => candidate.aosMs > sky.utcMs && candidate.window !== null),
    sky.utcMs,
  );
  if (pass === null) return '';
  const station = sky.stations.find((candidate) => candidate.id === pass.stationId)?.name ?? pass.stationId;
  return words.now.nextPass(station, utcMinute(pass.aosMs), duration(pass.aosMs - sky.utcMs));
}
