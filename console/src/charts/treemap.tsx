// Squarified treemap of one level.

import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { useMemo, useRef } from 'preact/hooks';
import { useWidth } from './size';
import { Surface, type Box } from './surface';
import type { TreemapItem, TreemapProps } from './types';

const REST = '\0rest';
// Square pixels under which an item would be a dot that nobody can point at.
const LEAST_AREA = 36;

/** The items that get a box of their own, the largest first, and the sum of the others. */
export function worthShowing(items: readonly TreemapItem[], area: number): { shown: TreemapItem[]; count: number; sum: number } {
  const sorted = items.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
  const whole = sorted.reduce((sum, { value }) => sum + value, 0);
  const shown = sorted.filter(({ value }) => (value / whole) * area >= LEAST_AREA);
  const rest = sorted.slice(shown.length);
  return { shown, count: rest.length, sum: rest.reduce((sum, { value }) => sum + value, 0) };
}

function boxesOf({ items, format, rest }: TreemapProps, width: number, height: number): Box[] {
  const { shown, count, sum } = worthShowing(items, width * height);
  const all: TreemapItem[] = count === 0 ? shown
    : [...shown, { id: REST, name: rest(count, sum), value: sum, tone: 'neutral' as const, description: rest(count, sum) }]
      .sort((a, b) => b.value - a.value);
  const root = hierarchy<{ children?: TreemapItem[]; item?: TreemapItem }>(
    { children: all }, (node) => node.children?.map((item) => ({ item })) as never).sum(({ item }) => item?.value ?? 0);
  const laidOut = treemap<{ children?: TreemapItem[]; item?: TreemapItem }>().size([width, height])
    .tile(treemapSquarify.ratio(1.3))(root);
  return laidOut.leaves().flatMap(({ data: { item }, x0, y0, x1, y1 }) => (item === undefined ? [] : [{
    id: item.id, x: x0, y: y0, width: x1 - x0, height: y1 - y0, name: item.name, text: format(item.value), tone: item.tone,
    description: item.description,
  }]));
}

export function Treemap(props: TreemapProps) {
  const { label, items, height = 320, selected, onSelect } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const boxes = useMemo(() => (width === 0 ? [] : boxesOf(props, width, height)), [items, width, height, props.format, props.rest]);
  return (
    <div ref={frame} class="chart-frame">
      <Surface
        label={label} width={width} height={height} boxes={boxes} selected={selected}
        onPress={onSelect === undefined ? undefined : (id) => {
          if (id !== REST) onSelect(id);
        }}
      />
    </div>
  );
}
