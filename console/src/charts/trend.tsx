// Lines over time, drawn by uPlot, which is loaded when the first of them is shown. The time nearest to the
// pointer, or chosen with the arrow keys, is put into words beside it.

import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { palette } from './colour';
import { useLook, useWidth } from './size';
import type { TrendProps } from './types';

const AXIS_WIDTH = 72;
const TIMES_HEIGHT = 28;
// uPlot takes the first step that leaves enough room between two lines.
const DAY = 86_400;
const TIME_STEPS = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY, 91 * DAY, 182 * DAY, 365 * DAY];
const POWERS_OF_TWO = Array.from({ length: 63 }, (_, i) => 2 ** i);

// Days, or times of day where less than a day is between two of them.
function timeNames(splits: readonly number[], formatTime: (at: number) => string): string[] {
  const [first = 0, second = first + DAY] = splits;
  const time = /,? (\d{2}:\d{2})$/;
  return splits.map((at) => {
    const name = formatTime(at * 1000);
    return second - first < DAY ? time.exec(name)?.[1] ?? name : name.replace(time, '');
  });
}

function optionsOf(props: TrendProps, width: number, onIndex: (index: number | undefined) => void): uPlot.Options {
  const { series, marks, format, formatTime, binary = false, height = 240 } = props;
  const colours = palette();
  const axis = { stroke: colours.get('--ink-faint'), grid: { stroke: colours.get('--line'), width: 1 }, ticks: { show: false }, font: `11px ${colours.font}` };
  const drawMarks = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colours.get('--line-strong');
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 3]);
    for (const { at } of marks) {
      const x = Math.round(plot.valToPos(at / 1000, 'x', true)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  return {
    width, height, legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 8 }, y: false },
    scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      { ...axis, space: 90, size: TIMES_HEIGHT, incrs: TIME_STEPS, values: (_plot, splits) => timeNames(splits, formatTime) },
      { ...axis, size: AXIS_WIDTH, ...(binary ? { incrs: POWERS_OF_TWO } : {}), values: (_plot, splits) => splits.map(format) },
    ],
    series: [{}, ...series.map(({ tone, name }) => {
      const { line, soft } = colours.of(tone);
      return { label: name, stroke: line, width: 2, points: { show: true, size: 5, fill: line, stroke: line }, spanGaps: true,
        ...(series.length === 1 ? { fill: soft } : {}) };
    })],
    hooks: { drawAxes: [drawMarks], setCursor: [({ cursor }) => onIndex(cursor.idx ?? undefined)] },
  };
}

export function Trend(props: TrendProps) {
  const { label, times, series, marks, format, formatTime, height = 240, onPick } = props;
  const frame = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const width = useWidth(frame);
  const look = useLook();
  const id = useId();
  const [index, setIndex] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (width === 0) return undefined;
    let gone = false;
    void import('uplot').then(({ default: Plot }) => {
      if (gone || host.current === null) return;
      const data = [times.map((at) => at / 1000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
      plot.current = new Plot(optionsOf(props, width, setIndex), data, host.current);
    });
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [times, series, marks, format, formatTime, width, height, look]);
  const move = (to: number): void => {
    const at = Math.max(0, Math.min(times.length - 1, to));
    setIndex(at);
    const left = plot.current?.valToPos((times[at] ?? 0) / 1000, 'x');
    if (left !== undefined) plot.current?.setCursor({ left, top: 10 });
  };
  const last = times.length - 1;
  const press = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    const present = index ?? last;
    const steps: Readonly<Record<string, number>> = { ArrowLeft: present - 1, ArrowRight: present + 1, Home: 0, End: last };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && index !== undefined) onPick?.(index);
    else return;
    event.preventDefault();
  };
  const shown = index ?? last;
  const time = times[shown];
  const spoken = time === undefined ? ''
    : [formatTime(time), ...series.map(({ name, values }) => `${name} ${values[shown] == null ? '–' : format(values[shown] as number)}`)].join(', ');
  return (
    <div ref={frame} class="chart-frame">
      <div class="trend-legend" aria-hidden="true">
        <span class="number trend-time">{time === undefined ? '' : formatTime(time)}</span>
        {series.map(({ id: one, name, tone, values }) => (
          <span key={one} class={`trend-key tone-${tone}`}>
            <span class="swatch" /><bdi>{name}</bdi>
            <strong class="number">{values[shown] == null ? '–' : format(values[shown] as number)}</strong>
          </span>
        ))}
      </div>
      <div
        ref={host} class="trend" role="listbox" aria-label={label} tabIndex={0} aria-activedescendant={`${id}-active`}
        style={{ height: `${height}px` }} onKeyDown={press}
        onClick={() => {
          if (index !== undefined) onPick?.(index);
        }}
      >
        <div class="hidden" role="option" id={`${id}-active`} aria-selected={false} aria-setsize={times.length} aria-posinset={shown + 1}>{spoken}</div>
      </div>
    </div>
  );
}
