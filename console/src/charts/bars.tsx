// Horizontal bars: lists whose entries have a length. A histogram is one with its rows close together.

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Bar, BarsProps, HistogramProps, Tone } from './types';

function Fill({ share, tone }: { share: number; tone: Tone }) {
  const fill = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (fill.current !== null) fill.current.style.inlineSize = `${share * 100}%`;
  }, [share]);
  return <span class={`bar-track tone-${tone}`} aria-hidden="true"><span ref={fill} class={share > 0 ? 'bar-fill some' : 'bar-fill'} /></span>;
}

interface RowsProps extends BarsProps {
  dense?: boolean;
}

function Rows({ label, bars, format, selected, onSelect, dense = false }: RowsProps) {
  const most = bars.reduce((largest, { value }) => Math.max(largest, value), 0);
  const inside = ({ name, value, tone, text }: Bar) => (
    <>
      <bdi class="bar-name">{name}</bdi>
      <Fill share={most === 0 ? 0 : value / most} tone={tone} />
      <span class="bar-text number">{text ?? format(value)}</span>
    </>
  );
  return (
    <ul class={dense ? 'bars dense' : 'bars'} aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.id} title={bar.description}>
          {onSelect === undefined ? <div class="bar">{inside(bar)}</div> : (
            <button type="button" class="bar" aria-pressed={bar.id === selected} onClick={() => onSelect(bar.id)}>{inside(bar)}</button>
          )}
        </li>
      ))}
    </ul>
  );
}

export const Bars = (props: BarsProps) => <Rows {...props} />;

export function Histogram({ label, buckets, format, tone }: HistogramProps) {
  return (
    <Rows
      label={label} format={format} dense
      bars={buckets.map(({ name, value, description }) => ({ id: name, name, value, tone, description }))}
    />
  );
}
