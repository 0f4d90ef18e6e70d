// The charts in their plainest form: lists and tables of the same figures.

import type {
  BarsProps, HistogramProps, IcicleProps, TreemapProps, TrendProps, VirtualTableProps,
} from './types';

function List({ label, items }: { label: string; items: readonly { id: string; description: string; onPress?: () => void }[] }) {
  return (
    <ul aria-label={label}>
      {items.slice(0, 50).map(({ id, description, onPress }) => (
        <li key={id}>
          {onPress === undefined ? <bdi>{description}</bdi> : <button type="button" class="link" onClick={onPress}><bdi>{description}</bdi></button>}
        </li>
      ))}
    </ul>
  );
}

export const Treemap = ({ label, items, onSelect }: TreemapProps) =>
  <List label={label} items={items.map((item) => ({ ...item, onPress: () => onSelect?.(item.id) }))} />;

export const Bars = ({ label, bars }: BarsProps) => <List label={label} items={bars} />;

export const Histogram = ({ label, buckets }: HistogramProps) =>
  <List label={label} items={buckets.map(({ name, description }) => ({ id: name, description }))} />;

export const Icicle = ({ label, root, onFocus }: IcicleProps) =>
  <List label={label} items={root.children.map((node) => ({ ...node, onPress: () => onFocus(node.id) }))} />;

export const Trend = ({ label, times, series, format, formatTime }: TrendProps) => (
  <List
    label={label}
    items={times.map((at, i) => ({
      id: String(at), description: [formatTime(at), ...series.map(({ name, values }) => `${name} ${format(values[i] ?? 0)}`)].join(' · '),
    }))}
  />
);

export function VirtualTable<Row>({ label, columns, rows, rowId, empty, onOpen }: VirtualTableProps<Row>) {
  if (rows.length === 0) return <p>{empty}</p>;
  return (
    <table class="table" aria-label={label}>
      <thead><tr>{columns.map(({ id, header }) => <th key={id} scope="col">{header}</th>)}</tr></thead>
      <tbody>
        {rows.slice(0, 200).map((row) => (
          <tr key={rowId(row)} onClick={() => onOpen?.(row)}>{columns.map(({ id, cell }) => <td key={id}>{cell(row)}</td>)}</tr>
        ))}
      </tbody>
    </table>
  );
}
