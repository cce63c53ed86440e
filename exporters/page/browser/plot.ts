import type { default as UPlot } from 'uplot';
import type { DestinationReport } from '../../../agent/model/assessment.ts';
import { byId } from './dom.ts';
import type { TideData } from './tide.ts';
import { count } from './words.ts';

// Loaded before this module, from /page/uplot.js.
declare const uPlot: typeof UPlot;

const HEIGHT = 280;

/** What is drawn across the plot. */
interface Limits {
  readonly ports: number;
  readonly slowAt: number;
  readonly slowIn: number | null;
  readonly fullIn: number | null;
}

/** The tide: a minute of closes behind, a minute of used ports ahead, and what they run into. */
export class TidePlot {
  private plot: UPlot | null = null;
  private limits: Limits = { ports: 0, slowAt: 0, slowIn: null, fullIn: null };
  private readonly dark = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    new ResizeObserver(() => this.fit()).observe(byId('plot'));
    this.dark.addEventListener('change', () => this.forget());
  }

  show(one: DestinationReport, data: TideData, elapsedSeconds: number): void {
    const left = (seconds: number | null) => (seconds === null ? null : Math.max(0, seconds - elapsedSeconds));
    const { forecast, usablePorts, blockedPorts, usedPorts, fastHeadroomPorts } = one;
    this.limits = {
      ports: usablePorts - blockedPorts,
      slowAt: usedPorts + Math.max(0, fastHeadroomPorts),
      slowIn: left(forecast.slowConnectInSeconds),
      fullIn: left(forecast.exhaustedInSeconds),
    };
    this.plot ??= this.make();
    this.plot.setData(data as unknown as UPlot.AlignedData);
  }

  /** What another destination had is not kept, nor are the colours of another scheme. */
  forget(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private fit(): void {
    this.plot?.setSize({ width: byId('plot').clientWidth, height: HEIGHT });
  }

  private make(): UPlot {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const [text, line, live, waiting] = [color('text'), color('line'), color('live'), color('waiting')] as const;
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const most = (of: UPlot, series: readonly number[]) =>
      Math.max(1, ...series.flatMap((index) => (of.data[index] ?? []).filter((value) => value != null) as number[]));
    const options: UPlot.Options = {
      width: byId('plot').clientWidth,
      height: HEIGHT,
      legend: { live: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [-60, 60] },
        closes: { range: (of) => [0, most(of, [1]) * 1.1] },
        ports: {
          range: (of) => [0, Math.max(Math.min(most(of, [2, 3]), this.limits.ports * 2), this.limits.ports) * 1.08],
        },
      },
      axes: [
        {
          ...axis,
          values: (_, ticks) => ticks.map((tick) => (tick === 0 ? 'now' : `${tick > 0 ? '+' : ''}${tick} s`)),
        },
        { ...axis, scale: 'ports', size: 64, values: (_, ticks) => ticks.map(count) },
        { ...axis, scale: 'closes', side: 1, size: 56, grid: { show: false }, values: (_, ticks) => ticks.map(count) },
      ],
      series: [
        {},
        {
          label: 'closed a second (right)',
          scale: 'closes',
          stroke: waiting,
          fill: waiting,
          paths: uPlot.paths.bars!({ size: [1, 10], align: 0 }),
          points: { show: false },
        },
        { label: 'ports used', scale: 'ports', stroke: live, width: 2, spanGaps: true, points: { show: false } },
        {
          label: 'ports used, as foretold',
          scale: 'ports',
          stroke: live,
          width: 2,
          dash: [6, 4],
          spanGaps: true,
          points: { show: false },
        },
      ],
      hooks: { draw: [(of) => this.drawLimits(of, color('critical'), color('warning'))] },
    };
    return new uPlot(options, [[], [], [], []], byId('plot'));
  }

  private drawLimits(of: UPlot, critical: string, warning: string): void {
    const { ports, slowAt, slowIn, fullIn } = this.limits;
    const { ctx, bbox } = of;
    ctx.save();
    ctx.font = `${12 * devicePixelRatio}px sans-serif`;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    const across = (value: number, stroke: string, name: string) => {
      const y = of.valToPos(value, 'ports', true);
      if (y < bbox.top || y > bbox.top + bbox.height) return;
      this.stroke(ctx, stroke, [bbox.left, y], [bbox.left + bbox.width, y], []);
      ctx.fillStyle = stroke;
      ctx.fillText(name, bbox.left + 6, y - 4);
    };
    const at = (seconds: number | null, stroke: string, name: string, down: number) => {
      if (seconds === null || seconds > 60) return;
      const x = of.valToPos(seconds, 'x', true);
      this.stroke(ctx, stroke, [x, bbox.top], [x, bbox.top + bbox.height], [4, 4]);
      ctx.fillStyle = stroke;
      ctx.fillText(name, x + 4, bbox.top + down * devicePixelRatio);
    };
    across(ports, critical, 'last port');
    if (slowAt < ports) across(slowAt, warning, 'cliff');
    at(slowIn, warning, 'slow', 28);
    at(fullIn, critical, 'full', 44);
    ctx.restore();
  }

  private stroke(
    ctx: CanvasRenderingContext2D,
    color: string,
    from: readonly [number, number],
    to: readonly [number, number],
    dash: number[],
  ): void {
    ctx.strokeStyle = color;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
  }
}
