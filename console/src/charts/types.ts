// What the charts and the table of this directory take.  They draw and report what was chosen; they have
// no words, no formats and no state of the application of their own: every text comes by a property, in
// the language of the page, and every figure is put into words by a function that is handed in.
//
// Rules for all of them
// - Texts may hold anything (HTML, right-to-left, emoji, a megabyte): set as text, inside <bdi> or an element
//   with dir="auto" and `unicode-bidi: isolate`, cut by CSS (ellipsis), never by breaking the layout.
// - No style="" in markup; positions by SVG attributes, CSSOM (element.style.x) or canvas.
// - Colours only from the custom properties of style/tokens.css, so that light and dark both work; never by
//   colour alone: each mark has a text, at least as its accessible name.
// - Reached and worked by keyboard (one tab stop each, arrows within), focus is seen, `label` is the
//   accessible name; prefers-reduced-motion is kept.
// - Width follows the container (ResizeObserver); they work from 280 px on.

import type { ComponentChildren } from 'preact';

/** Which colour: a type of Redis, or one of the neutral series. `.tone-NAME` of tokens.css sets --tone, --tone-soft, --tone-ink. */
export type Tone =
  | 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'module' | 'other'
  | 'accent' | 'good' | 'warn' | 'bad' | 'neutral';

/** Puts a figure into words: short for axes and cells ("1.2 GiB"). */
export type Format = (value: number) => string;

export interface TreemapItem {
  id: string;
  /** Shown inside where there is room. */
  name: string;
  /** Area; items of 0 are left out. */
  value: number;
  tone: Tone;
  /** All of it in words, for the tooltip and as accessible name. May have several lines. */
  description: string;
}

/** Squarified treemap of one level, up to 10,000 items; those that would be a dot are drawn together as one rest. */
export interface TreemapProps {
  label: string;
  items: readonly TreemapItem[];
  format: Format;
  /** Words for the rest: how many items it holds and their sum. */
  rest: (count: number, sum: number) => string;
  /** In CSS pixels; default 320. */
  height?: number;
  selected?: string | undefined;
  onSelect?: (id: string) => void;
}

export interface IcicleNode {
  id: string;
  name: string;
  /** Width; at least the sum of the children's. What children do not cover stays empty (it belongs to the node itself). */
  value: number;
  tone: Tone;
  description: string;
  children: readonly IcicleNode[];
}

/** Icicle: the focused node as the top row over the whole width, `rows` levels below it. A node is walked into by click, Enter or arrow down. */
export interface IcicleProps {
  label: string;
  root: IcicleNode;
  format: Format;
  /** Id of the node that takes the whole width; controlled. */
  focus: string;
  onFocus: (id: string) => void;
  /** Accessible name of the button that goes one level up. */
  up: string;
  /** Levels shown at a time; default 5. */
  rows?: number;
}

export interface Bar {
  id: string;
  name: string;
  value: number;
  tone: Tone;
  description: string;
  /** Shown at the end of the bar instead of format(value). */
  text?: string;
}

/** Horizontal bars, one per row, from 0 to the largest value; a list to a screen reader. */
export interface BarsProps {
  label: string;
  bars: readonly Bar[];
  format: Format;
  selected?: string | undefined;
  onSelect?: (id: string) => void;
}

export interface HistogramBucket {
  /** The range in words, as short as the axis needs it: "1 h – 6 h". */
  name: string;
  value: number;
  description: string;
}

/** Rows close together, in the order given. */
export interface HistogramProps {
  label: string;
  buckets: readonly HistogramBucket[];
  format: Format;
  tone: Tone;
}

export interface TrendSeries {
  id: string;
  name: string;
  tone: Tone;
  /** One per time; null where there is no figure. */
  values: readonly (number | null)[];
}

/** A scan on the time axis: a vertical hair line with a dot. */
export interface TrendMark {
  /** Milliseconds since 1970. */
  at: number;
  name: string;
}

/** Lines over time (uPlot on canvas) with the figures of the nearest time below the pointer, and the same as a table for screen readers. */
export interface TrendProps {
  label: string;
  /** Milliseconds since 1970, rising. */
  times: readonly number[];
  series: readonly TrendSeries[];
  marks: readonly TrendMark[];
  format: Format;
  formatTime: Format;
  /** The figures are bytes: the steps of the axis are powers of two. */
  binary?: boolean;
  /** Default 240. */
  height?: number;
  /** The time nearest to the pointer was clicked, or Enter pressed on it. */
  onPick?: (index: number) => void;
}

export interface Column<Row> {
  id: string;
  header: string;
  /** A track of CSS grid: "minmax(12rem, 1fr)", "7rem". */
  width: string;
  align?: 'start' | 'end';
  /** What the cell shows; may hold elements, of which each is one more to lay out and to paint in every row. */
  cell: (row: Row) => ComponentChildren;
  /** The same in full, shown when the pointer rests on the cell. */
  title?: (row: Row) => string | undefined;
  /** Whether the header is a button that sorts. */
  sortable?: boolean;
  /** Left out where the table is narrower than this many CSS pixels. */
  from?: number;
}

export interface Sort {
  column: string;
  descending: boolean;
}

/**
 * A table whose rows exist only where they are seen (role="table"/"grid" with aria-rowcount and aria-rowindex),
 * header fixed above, rows of one height, 10,000 rows and more at 60 frames a second.
 * Sorting is the caller's: `rows` come sorted.
 */
export interface VirtualTableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowId: (row: Row) => string;
  sort?: Sort | undefined;
  onSort?: (column: string) => void;
  /** In place of rows where there are none. */
  empty: ComponentChildren;
  /** CSS pixels; default 36. */
  rowHeight?: number;
  /** At most this many rows high, then it scrolls; default 15. */
  visibleRows?: number;
  selected?: string | undefined;
  /** A row was clicked or Enter pressed on it. */
  onOpen?: (row: Row) => void;
}
