import uPlot from 'uplot';
import { count, decimal, percent, utcMinute, utcTime } from '../format.ts';
import { tokenColour } from '../theme.ts';
import { words } from '../words.ts';
import { CLICKS, QBER_GROUND, QBER_SPACE, RANGE, type Recording, TIME } from './recorder.ts';

/** Which of the three charts. They share the time axis and the cursor. */
export type PlotKind = 'qber' | 'clicks' | 'range';

const COLUMNS: Record<PlotKind, readonly number[]> = {
  qber: [QBER_GROUND, QBER_SPACE],
  clicks: [CLICKS],
  range: [RANGE],
};

const AXIS_WIDTH = 58;
const AXIS_HEIGHT = 28;
const SYNC = 'skykey-pass';

export interface PlotOptions {
  readonly kind: PlotKind;
  readonly host: HTMLElement;
  readonly width: number;
  readonly height: number;
  /** Hears the row under the cursor; null when there is none. */
  readonly onCursor: (row: number | null) => void;
}

/** One chart on a canvas, fed directly. Colours are read once: a change of theme makes a new plot. */
export class Plot {
  readonly #kind: PlotKind;
  readonly #chart: uPlot;
  #recording: Recording | null = null;

  constructor({ kind, host, width, height, onCursor }: PlotOptions) {
    this.#kind = kind;
    const colour = (token: string) => tokenColour(host, token);
    const text = colour('--text-muted');
    const grid = { stroke: colour('--line'), width: 1 };
    const font = `11px ${getComputedStyle(host).fontFamily}`;
    const axis: uPlot.Axis = { stroke: text, font, grid, ticks: { ...grid, size: 4 }, gap: 6 };
    const lines = [
      { stroke: colour('--series-1'), width: 2 },
      { stroke: colour('--series-2'), width: 2, dash: [7, 4] },
    ];
    this.#chart = new uPlot(
      {
        width,
        height,
        padding: [8, 30, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: SYNC }, points: { size: 7 } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        scales: {
          x: { time: true, range: () => this.#span() },
          y: { range: (_, least, most) => this.#scale(least, most) },
        },
        axes: [
          {
            ...axis,
            size: AXIS_HEIGHT,
            space: 76,
            values: (_, splits) => splits.map((second) => clockLabel(second, splits)),
          },
          { ...axis, size: AXIS_WIDTH, space: 22, values: (_, splits) => splits.map((value) => this.#spell(value)) },
        ],
        series: [
          {},
          ...COLUMNS[kind].map((_, index) => ({ ...lines[index]!, points: { show: false }, spanGaps: false })),
        ],
        hooks: {
          draw: [(chart) => this.#drawLimits(chart, colour('--bad'), font)],
          setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)],
        },
      },
      [[], ...COLUMNS[kind].map(() => [])],
      host,
    );
  }

  show(recording: Recording | null): void {
    this.#recording = recording;
    const columns = recording?.ring.columns();
    const data = [TIME, ...COLUMNS[this.#kind]].map((column) => columns?.[column] ?? []);
    this.#chart.setData(data as uPlot.AlignedData);
  }

  /** Puts the cursor on a row, as the arrow keys do. */
  point(row: number): void {
    const second = this.#chart.data[0][row];
    if (second !== undefined) this.#chart.setCursor({ left: this.#chart.valToPos(second, 'x'), top: 10 });
  }

  resize(width: number, height: number): void {
    this.#chart.setSize({ width, height });
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #span(): [number, number] {
    const recording = this.#recording;
    return recording === null ? [0, 1] : [recording.fromMs / 1000, recording.toMs / 1000];
  }

  #scale(least: number | null, most: number | null): [number, number] {
    if (this.#kind === 'range')
      return least === null || most === null ? [0, 1500] : [Math.max(0, least - 100), most + 100];
    if (this.#kind === 'clicks') return [0, Math.max(1000, (most ?? 0) * 1.15)];
    return [
      0,
      Math.max(
        (this.#recording?.hardQber ?? 0.08) * 1.5,
        Math.max(most ?? 0, this.#recording?.droppedQber ?? 0) * 1.15,
      ),
    ];
  }

  #spell(value: number): string {
    if (this.#kind === 'qber') return percent(value, value > 0 && value < 0.01 ? 1 : 0);
    if (this.#kind === 'range') return count(value);
    return value >= 1000 ? `${decimal(value / 1000, value % 1000 === 0 ? 0 : 1)}k` : count(value);
  }

  /** The alarm limit, labelled; and the moment the link was dropped. */
  #drawLimits(chart: uPlot, colour: string, font: string): void {
    const recording = this.#recording;
    if (recording === null) return;
    const { ctx, bbox } = chart;
    const pixel = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = 1.5 * pixel;
    ctx.setLineDash([3 * pixel, 4 * pixel]);
    ctx.font = font.replace(/^(\d+)px/, (_, size: string) => `600 ${Number(size) * pixel}px`);
    if (this.#kind === 'qber' && recording.hardQber !== null) {
      const y = chart.valToPos(recording.hardQber, 'y', true);
      line(ctx, bbox.left, y, bbox.left + bbox.width, y);
      ctx.textAlign = 'right';
      ctx.fillText(
        words.charts.alarmLine(percent(recording.hardQber)),
        bbox.left + bbox.width - 6 * pixel,
        y - 6 * pixel,
      );
    }
    if (recording.droppedMs !== null) {
      const x = chart.valToPos(recording.droppedMs / 1000, 'x', true);
      ctx.setLineDash([]);
      line(ctx, x, bbox.top, x, bbox.top + bbox.height);
      if (this.#kind === 'qber') {
        const before = x > bbox.left + bbox.width * 0.8;
        const { droppedQber } = recording;
        ctx.textAlign = before ? 'right' : 'left';
        const label = droppedQber === null ? words.charts.dropped : words.charts.droppedAt(percent(droppedQber));
        ctx.fillText(label, x + (before ? -9 : 9) * pixel, bbox.top + 14 * pixel);
        if (droppedQber !== null) {
          ctx.beginPath();
          ctx.arc(x, chart.valToPos(droppedQber, 'y', true), 4.5 * pixel, 0, 2 * Math.PI);
          ctx.fill();
        }
      }
    }
    ctx.restore();
  }
}

function line(ctx: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/** Hours and minutes; seconds where ticks are closer than a minute. */
function clockLabel(second: number, splits: readonly number[]): string {
  const close = splits.length > 1 && splits[1]! - splits[0]! < 60;
  return close ? utcTime(second * 1000) : utcMinute(second * 1000);
}
