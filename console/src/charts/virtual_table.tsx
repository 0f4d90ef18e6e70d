// A table of any length: only the rows that are seen, and a few around them, exist.
//
// Scrolling costs what comes into sight and nothing for what stays: rows are in the flow, below as much padding as the
// rows before them would take, so that none of them moves within the page, and they come and go by STEP at a time. Each is
// laid out and painted by itself (contain), and the browser is told not to hold on to one (overflow-anchor).

import { Component, type JSX } from 'preact';
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useWidth } from './size';
import type { Column, Sort, VirtualTableProps } from './types';

const AROUND = 6;
const STEP = 4;

function Header<Row>({ column, sort, onSort }: { column: Column<Row>; sort: Sort | undefined; onSort: ((column: string) => void) | undefined }) {
  const sorted = sort?.column === column.id ? (sort.descending ? 'descending' : 'ascending') : undefined;
  const sortable = column.sortable === true && onSort !== undefined;
  return (
    <div role="columnheader" class={`vt-cell ${column.align ?? 'start'}`} aria-sort={sorted ?? (sortable ? 'none' : undefined)}>
      {sortable ? (
        <button type="button" class="vt-sort" onClick={() => onSort(column.id)}>
          <span class="vt-sort-name">{column.header}</span>
          <span aria-hidden="true" class="vt-arrow">{sorted === undefined ? '' : sorted === 'descending' ? '↓' : '↑'}</span>
        </button>
      ) : column.header}
    </div>
  );
}

interface LineProps<Row> {
  id: string;
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  tracks: string;
  height: number;
  isCurrent: boolean;
  isSelected: boolean;
  isPressable: boolean;
  onPress: (index: number) => void;
}

// Scrolling draws the rows that come into sight, not those that are there already.
class Line<Row> extends Component<LineProps<Row>> {
  override shouldComponentUpdate(next: LineProps<Row>): boolean {
    const names = Object.keys(next) as (keyof LineProps<Row>)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render({ id, row, index, columns, tracks, height, isCurrent, isSelected, isPressable, onPress }: LineProps<Row>) {
    const states = [['pressable', isPressable], ['current', isCurrent], ['selected', isSelected]] as const;
    return (
      <div
        id={id} role="row" aria-rowindex={index + 2} aria-selected={isPressable ? isSelected : undefined}
        class={['vt-row', 'vt-data', ...states.filter(([, is]) => is).map(([name]) => name)].join(' ')}
        style={{ gridTemplateColumns: tracks, height: `${height}px` }}
        onClick={() => onPress(index)}
      >
        {columns.map((column) => (
          <div key={column.id} role="gridcell" class={`vt-cell ${column.align ?? 'start'}`} title={column.title?.(row)}>{column.cell(row)}</div>
        ))}
      </div>
    );
  }
}

export function VirtualTable<Row>({
  label, columns, rows, rowId, sort, onSort, empty, rowHeight = 36, visibleRows = 15, selected, onOpen,
}: VirtualTableProps<Row>) {
  const grid = useRef<HTMLDivElement>(null);
  const width = useWidth(grid);
  const id = useId();
  const [seen, setSeen] = useState(0);
  const [active, setActive] = useState(0);
  const shown = useMemo(() => columns.filter(({ from = 0 }) => width === 0 || width >= from), [columns, width]);
  const tracks = shown.map((column) => column.width).join(' ');
  const count = Math.min(rows.length, visibleRows);
  const first = Math.max(0, Math.min(seen, rows.length - count) - AROUND);
  const last = Math.min(rows.length, first + count + 2 * AROUND + STEP);
  const current = Math.min(active, Math.max(0, rows.length - 1));

  // Another order or another choice of rows begins at the top.
  useLayoutEffect(() => {
    if (grid.current !== null) grid.current.scrollTop = 0;
    setSeen(0);
    setActive(0);
  }, [rows]);

  const reveal = (index: number): void => {
    const element = grid.current;
    if (element === null) return;
    const [from, to] = [index * rowHeight, (index + 1) * rowHeight];
    const height = count * rowHeight;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (to > element.scrollTop + height) element.scrollTop = to - height;
  };
  const move = (index: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setActive(to);
    reveal(to);
  };
  useEffect(() => {
    const index = selected === undefined ? -1 : rows.findIndex((row) => rowId(row) === selected);
    if (index >= 0) move(index);
  }, [selected]);

  const press = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    // The keys of a control inside are its own.
    if (event.target !== event.currentTarget) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: current - 1, ArrowDown: current + 1, PageUp: current - count, PageDown: current + count, Home: 0, End: rows.length - 1,
    };
    const to = steps[event.key];
    const row = rows[current];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && row !== undefined && onOpen !== undefined) onOpen(row);
    else return;
    event.preventDefault();
  };

  // The same function each time, so that a row that did not change is not drawn for its sake.
  const open = useRef((_index: number): void => undefined);
  open.current = (index) => {
    const row = rows[index];
    setActive(index);
    if (row !== undefined) onOpen?.(row);
  };
  const openRow = useCallback((index: number) => open.current(index), []);

  if (rows.length === 0) return <div class="empty">{empty}</div>;
  return (
    <div
      ref={grid} class="vt" role="grid" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={shown.length} tabIndex={0}
      aria-activedescendant={current >= first && current < last ? `${id}-${current}` : undefined}
      onScroll={(event) => setSeen(Math.floor(event.currentTarget.scrollTop / rowHeight / STEP) * STEP)} onKeyDown={press}
      style={{ maxHeight: `calc(2.25rem + ${count * rowHeight + 2}px)` }}
    >
      <div role="rowgroup" class="vt-head">
        <div role="row" aria-rowindex={1} class="vt-row" style={{ gridTemplateColumns: tracks }}>
          {shown.map((column) => <Header key={column.id} column={column} sort={sort} onSort={onSort} />)}
        </div>
      </div>
      <div role="rowgroup" class="vt-body" style={{ height: `${rows.length * rowHeight}px`, paddingBlockStart: `${first * rowHeight}px` }}>
        {rows.slice(first, last).map((row, i) => {
          const index = first + i;
          const name = rowId(row);
          return (
            <Line
              key={name} id={`${id}-${index}`} row={row} index={index} columns={shown} tracks={tracks} height={rowHeight} onPress={openRow}
              isCurrent={index === current} isSelected={name === selected} isPressable={onOpen !== undefined}
            />
          );
        })}
      </div>
    </div>
  );
}
