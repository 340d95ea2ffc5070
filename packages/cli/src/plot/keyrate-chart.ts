/** Key against the size of a block and against loss, for every proof that can speak of it. */
import { axisX, axisY, dot, gridX, gridY, line, type Markish, ruleY } from '@observablehq/plot';
import { type KeyDocument, keyLength, optimise, PROOFS, type Proof, type Setting } from '@skykey/finitekey';
import type { AskedLink } from '../keyrate/link.ts';
import type { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { lineColour } from './palette.ts';
import { GRID, INK, type Key, type Panel, sheetOf } from './sheet.ts';

interface Point {
  readonly x: number;
  /** Secret bits, of a block or of a pulse or sifted bit. */
  readonly y: number;
}

interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

const HEIGHT = 330;
/** Decades of block size below and above what was asked, and curves of counts a decade. */
const DECADES = 3;
const COUNTS_PER_DECADE = 16;
/** Optimised points of a curve in either panel. */
const OPTIMISED_PER_DECADE = 3;
const LOSS_STEP_DB = 2;
const LOSS_STEPS = 20;
/** Proofs drawn for a link, beside the one that is asked: the rest would take minutes, and lie between. */
const BESIDE: readonly string[] = ['tilted', 'lim2014-chernoff', 'lim2014-hoeffding', 'wiesemann2024'];

/** The same counts in blocks of other sizes: all counts, and the leak, in proportion. */
export function countsChart(document: KeyDocument, asked: Proof): string {
  const pairs = document.protocol === 'bbm92';
  const sifted = pairs ? document.keyBits : total(document.nX);
  const fitting = PROOFS.filter(
    ({ protocol, intensities, name }) =>
      protocol === document.protocol &&
      (pairs || intensities.some((count) => count === document.intensities.length)) &&
      (name === asked.name || answers(name, document)),
  );
  const factors = steps(-DECADES, DECADES, 1 / COUNTS_PER_DECADE).map((decade) => 10 ** decade);
  const curves = fitting.map(({ name }) => ({
    name,
    points: factors
      .filter((factor) => sifted * factor <= 1e11)
      .map((factor) => ({
        x: sifted * factor,
        y: keyLength(name, scaled(document, factor)).secretBits / (sifted * factor),
      }))
      .filter(({ y }) => y > 0),
  }));
  return sheetOf({
    title: 'Secret key against the size of the block',
    subtitle: `The counts given, all in proportion: ${Math.round(sifted).toLocaleString('en')} sifted bits at the dots`,
    panels: [
      panelOf('Secret bits a sifted bit, against sifted bits', curves, asked, { x: sifted, log: true, format: power }),
    ],
    caption: `All that was counted or said in proportion, at the same epsilons. Proofs explained by "skykey keyrate --list". Skykey ${VERSION}.`,
  });
}

function answers(name: Proof['name'], document: KeyDocument): boolean {
  try {
    keyLength(name, document);
    return true;
  } catch {
    // A proof without a term for something in the document has no curve.
    return false;
  }
}

/** A block of so many times the size at the same epsilons and with the same tag. */
export function scaled(document: KeyDocument, factor: number): KeyDocument {
  const leak = {
    ...(document.leakBits === undefined ? {} : { leakBits: document.leakBits * factor }),
  };
  if (document.protocol === 'bbm92') {
    const { keyBits, keyErrors, testBits, testErrors } = document;
    const [key, test] = [Math.floor(keyBits * factor), Math.floor(testBits * factor)];
    return {
      ...document,
      ...leak,
      keyBits: key,
      ...(keyErrors === undefined ? {} : { keyErrors: Math.min(key, Math.ceil(keyErrors * factor)) }),
      testBits: test,
      testErrors: Math.min(test, Math.ceil(testErrors * factor)),
    };
  }
  const all = (counts: readonly number[]): number[] => counts.map((count) => count * factor);
  const { nX, mX, nZ, mZ, bobBits, darkExcess } = document;
  return {
    ...document,
    ...leak,
    ...(bobBits === undefined ? {} : { bobBits: bobBits * factor }),
    ...(darkExcess === undefined
      ? {}
      : { darkExcess: { key: darkExcess.key * factor, test: darkExcess.test * factor } }),
    nX: all(nX),
    mX: all(mX),
    nZ: all(nZ),
    mZ: all(mZ),
  };
}

/** The link with other numbers of pulses, and with other losses; the setting is found anew at every point. */
export function linkChart({ request, transmittance }: AskedLink, asked: Proof, progress: Progress): string {
  const drawn = PROOFS.filter(
    ({ name, protocol, intensities }) =>
      protocol === 'decoy-bb84' &&
      (name === asked.name || BESIDE.includes(name)) &&
      (request.weakest === undefined || intensities.includes(3)) &&
      (request.detectorMismatch === undefined || name === asked.name),
  );
  const sent = request.link.pulses * transmittance.length;
  const decades = steps(-DECADES, DECADES, 1 / OPTIMISED_PER_DECADE);
  const losses = steps(-LOSS_STEPS / 2, LOSS_STEPS, 1).map((step) => step * LOSS_STEP_DB);
  const leastLossDb = -10 * Math.log10(Math.max(...transmittance));
  const whole = drawn.length * (decades.length + losses.length);
  let done = 0;
  const along = (
    proof: Proof,
    values: readonly number[],
    link: (value: number) => AskedLink['request']['link'] | null,
  ) => {
    let near: Setting | undefined;
    const found: { value: number; perPulse: number }[] = [];
    for (const [i, value] of values.entries()) {
      progress.report(done++ / whole, 'the plot');
      const at = link(value);
      if (at === null) continue;
      const decoys = proof.name === asked.name ? request.decoys : undefined;
      const { setting, statement } = optimise({ ...request, decoys, link: at, proof: proof.name, near });
      if (statement.secretBits === 0) {
        // Beyond the last key there is none either.
        done += values.length - i - 1;
        break;
      }
      near = setting;
      found.push({ value, perPulse: statement.secretBits / (at.pulses * transmittance.length) });
    }
    return found;
  };
  const sizes = drawn.map((proof) => ({
    name: proof.name,
    points: along(proof, decades.toReversed(), (decade) => {
      const pulses = request.link.pulses * 10 ** decade;
      return pulses < 1 || pulses > 1e18 || sent * 10 ** decade * Math.max(...transmittance) > 1e11
        ? null
        : { ...request.link, pulses };
    }).map(({ value, perPulse }) => ({ x: sent * 10 ** value, y: perPulse })),
  }));
  const farther = drawn.map((proof) => ({
    name: proof.name,
    points: along(proof, losses, (moreDb) =>
      leastLossDb + moreDb < 0
        ? null
        : { ...request.link, transmittance: transmittance.map((eta) => eta * 10 ** (-moreDb / 10)) },
    ).map(({ value, perPulse }) => ({ x: leastLossDb + value, y: perPulse })),
  }));
  return sheetOf({
    title: 'Secret key of a link, its setting optimised at every point',
    subtitle: `${sent.toExponential(2)} pulses, ${transmittance.length > 1 ? 'at best ' : ''}${leastLossDb.toFixed(1)} dB at the dots`,
    panels: [
      panelOf('Secret bits a pulse, against pulses sent', sizes, asked, { x: sent, log: true, format: power }),
      panelOf(
        `Secret bits a pulse, against ${transmittance.length > 1 ? 'the least ' : ''}loss in dB`,
        farther,
        asked,
        {
          x: leastLossDb,
          log: false,
          format: String,
        },
      ),
    ],
    caption:
      `Expected counts: noise ${request.link.noise} per detector and gate, misalignment ${request.link.misalignment}, ` +
      `after-pulses ${request.link.afterPulsing}, reconciliation ${request.efficiency}, eps_sec ${request.epsSec}. ` +
      `Proofs explained by "skykey keyrate --list". Skykey ${VERSION}.`,
  });
}

interface Axis {
  /** Where the dots stand. */
  readonly x: number;
  readonly log: boolean;
  readonly format: (x: number) => string;
}

function panelOf(heading: string, all: readonly Curve[], asked: Proof, axis: Axis): Panel {
  const curves = all.filter(({ points }) => points.length > 0);
  const points = curves.flatMap((curve) => curve.points);
  const xs = points.length > 0 ? points.map(({ x }) => x) : [axis.x];
  const ys = points.length > 0 ? points.map(({ y }) => y) : [1];
  const [low, high] = [
    10 ** Math.floor(Math.log10(Math.min(...ys))),
    10 ** Math.ceil(Math.log10(Math.max(...ys)) + 1e-9),
  ];
  // A curve that falls to nothing would stretch the axis over decades without another.
  const floor = Math.max(low, high / 1e7);
  const seen = (curve: Curve): Point[] => curve.points.filter(({ y }) => y >= floor);
  const [left, right] = [Math.min(...xs, axis.x), Math.max(...xs, axis.x)];
  const xTicks = axis.log
    ? steps(Math.ceil(Math.log10(left)), Math.floor(Math.log10(right)), 1).map((decade) => 10 ** decade)
    : steps(Math.ceil(left / 10), Math.floor(right / 10), 1).map((ten) => ten * 10);
  const yTicks = steps(Math.round(Math.log10(floor)), Math.round(Math.log10(high)), 1).map((decade) => 10 ** decade);
  const colour = (name: string): string => lineColour(all.findIndex((curve) => curve.name === name));
  const marks: Markish[] = [
    gridX(xTicks, { stroke: GRID, strokeOpacity: 1 }),
    gridY(yTicks, { stroke: GRID, strokeOpacity: 1 }),
    ...curves.map((curve) =>
      line(seen(curve), {
        x: 'x',
        y: 'y',
        stroke: colour(curve.name),
        strokeWidth: curve.name === asked.name ? 2.8 : 1.8,
      }),
    ),
    ...curves.map((curve) =>
      dot(
        seen(curve).filter(({ x }) => Math.abs(x / axis.x - 1) < 1e-9),
        { x: 'x', y: 'y', r: 4, fill: colour(curve.name), stroke: '#ffffff', strokeWidth: 1.2 },
      ),
    ),
    ruleY([floor], { stroke: INK }),
    axisX(xTicks, { label: null, tickSize: 5, tickFormat: axis.format }),
    axisY(yTicks, { label: null, tickSize: 0, tickFormat: power }),
  ];
  return {
    heading,
    height: HEIGHT,
    keys: all.map(
      ({ name, points: own }): Key => ({
        name,
        remark:
          own.length > 0
            ? axis.log
              ? `from ${least(own).toExponential(1)}`
              : `to ${most(own).toFixed(0)} dB`
            : 'no key',
        colour: colour(name),
        mark: 'line',
      }),
    ),
    options: {
      marginBottom: 30,
      x: { type: axis.log ? 'log' : 'linear', domain: [left, right], axis: null },
      y: { type: 'log', domain: [floor, high], axis: null },
      marks,
    },
  };
}

const least = (points: readonly Point[]): number => Math.min(...points.map(({ x }) => x));
const most = (points: readonly Point[]): number => Math.max(...points.map(({ x }) => x));
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** From one to another end, both included. */
function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.max(0, Math.round((to - from) / by) + 1) }, (_, i) => from + i * by);
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
/** 1e-7 as 10⁻⁷; what lies between powers of ten stays as it is. */
function power(x: number): string {
  const decade = Math.round(Math.log10(x));
  const raised = [...String(Math.abs(decade))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return decade === 0 ? '1' : `10${decade < 0 ? '⁻' : ''}${raised}`;
}
