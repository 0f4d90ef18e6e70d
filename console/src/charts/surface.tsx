// A canvas with boxes on it: drawn, pointed at, walked over with the arrow keys, pressed. Treemap and icicle say
// where the boxes are. To a screen reader it is a list of which one entry at a time is there: the active one.

import type { JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { palette, type Colours } from './colour';
import { useLook } from './size';
import type { Tone } from './types';

export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  name: string;
  /** Below or behind the name, where there is room. */
  text: string;
  tone: Tone;
  description: string;
  /** Drawn as the one that holds all others. */
  strong?: boolean;
}

interface SurfaceProps {
  label: string;
  width: number;
  height: number;
  boxes: readonly Box[];
  selected?: string | undefined;
  onPress?: ((id: string) => void) | undefined;
  /** Escape or Backspace. */
  onLeave?: (() => void) | undefined;
}

const PADDING = 6;
const LINE = 16;
const NARROWEST_TEXT = 34;
const FONT_SIZE = 12;
// Of a longer name no canvas shows more, and measuring all of it takes time.
const MEASURED_MAX = 200;

type Segment = { segment: string };
const segmenter = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : undefined;

const charactersOf = (text: string): string[] =>
  (segmenter === undefined ? Array.from(text) : Array.from(segmenter.segment(text), ({ segment }: Segment) => segment));

/** As much of a text as fits, with an ellipsis where that is not all. */
function fitting(context: CanvasRenderingContext2D, text: string, width: number): string {
  const measured = text.slice(0, MEASURED_MAX);
  if (measured.length === text.length && context.measureText(text).width <= width) return text;
  const characters = charactersOf(measured);
  let [least, most] = [0, characters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (context.measureText(`${characters.slice(0, middle).join('')}…`).width <= width) least = middle;
    else most = middle - 1;
  }
  return least === 0 ? '' : `${characters.slice(0, least).join('')}…`;
}

function drawText(context: CanvasRenderingContext2D, box: Box, colours: Colours, font: string): void {
  const room = box.width - 2 * PADDING;
  if (room < NARROWEST_TEXT || box.height < LINE + 4) return;
  context.save();
  context.beginPath();
  context.rect(box.x + 1, box.y + 1, box.width - 2, box.height - 2);
  context.clip();
  context.fillStyle = colours.ink;
  const twoLines = box.height >= 2 * LINE + PADDING;
  const top = twoLines ? box.y + PADDING + LINE / 2 : box.y + box.height / 2;
  context.font = `550 ${FONT_SIZE}px ${font}`;
  const name = fitting(context, box.name, room);
  context.fillText(name, box.x + PADDING, top);
  const used = context.measureText(name).width;
  context.font = `${FONT_SIZE - 1}px ${font}`;
  if (twoLines) context.fillText(fitting(context, box.text, room), box.x + PADDING, top + LINE);
  else if (used + 2 * PADDING + context.measureText(box.text).width <= room) context.fillText(box.text, box.x + PADDING * 2 + used, top);
  context.restore();
}

function draw(canvas: HTMLCanvasElement, { boxes, width, height }: SurfaceProps): void {
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context === null) return;
  const colours = palette();
  const { font } = colours;
  context.scale(scale, scale);
  context.textBaseline = 'middle';
  for (const box of boxes) {
    const tone = colours.of(box.tone);
    const gap = box.width > 4 && box.height > 4 ? 0.5 : 0.1;
    context.fillStyle = tone.soft;
    context.fillRect(box.x + gap, box.y + gap, box.width - 2 * gap, box.height - 2 * gap);
    if (box.width >= 24 && box.height >= 12) {
      context.fillStyle = tone.line;
      if (box.strong === true) context.fillRect(box.x + gap, box.y + box.height - 2.5, box.width - 2 * gap, 2);
      else context.fillRect(box.x + gap, box.y + gap, 2, box.height - 2 * gap);
    }
    drawText(context, box, tone, font);
  }
}

const holds = ({ x, y, width, height }: Box, atX: number, atY: number): boolean =>
  atX >= x && atX < x + width && atY >= y && atY < y + height;

type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';
const DIRECTIONS: Record<Direction, [x: number, y: number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};

// How far the edges of two boxes are apart along one axis; 0 where they overlap.
const apart = (from: number, size: number, to: number, other: number): number => Math.max(0, to - (from + size), from - (to + other));

/** The box that comes next in a direction: the nearest, those beside it before those that are off to a side. */
function nextBox(boxes: readonly Box[], from: Box, direction: Direction): Box | undefined {
  const [stepX, stepY] = DIRECTIONS[direction];
  let best: Box | undefined;
  let least = Infinity;
  for (const box of boxes) {
    const along = stepX === 0 ? (box.y + box.height / 2 - from.y - from.height / 2) * stepY : (box.x + box.width / 2 - from.x - from.width / 2) * stepX;
    if (box === from || along <= 0.5) continue;
    const aside = stepX === 0 ? apart(from.x, from.width, box.x, box.width) : apart(from.y, from.height, box.y, box.height);
    // What only touches at its edge is not beside it.
    const overlaps = stepX === 0 ? box.x < from.x + from.width - 0.5 && box.x + box.width > from.x + 0.5
      : box.y < from.y + from.height - 0.5 && box.y + box.height > from.y + 0.5;
    const far = along + aside * 3 + (overlaps ? 0 : 10_000);
    if (far < least) [best, least] = [box, far];
  }
  return best;
}

function Mark({ box, kind }: { box: Box | undefined; kind: string }) {
  if (box === undefined) return null;
  return <div class={`surface-mark ${kind}`} aria-hidden="true" style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` }} />;
}

const TIP_WIDTH = 320;

function Tip({ box, width }: { box: Box; width: number }) {
  const left = Math.max(0, Math.min(box.x + Math.min(box.width, 80) / 2, width - Math.min(TIP_WIDTH, width)));
  const [first = '', ...rest] = box.description.split('\n');
  return (
    <div class="chart-tip" aria-hidden="true" style={{ left: `${left}px`, top: `${box.y + Math.min(box.height, 40) + 6}px`, maxWidth: `${Math.min(TIP_WIDTH, width)}px` }}>
      <bdi class="chart-tip-name">{first}</bdi>
      {rest.map((line) => <div key={line}>{line}</div>)}
    </div>
  );
}

export function Surface(props: SurfaceProps) {
  const { label, width, height, boxes, selected, onPress, onLeave } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  const look = useLook();
  const [hovered, setHovered] = useState<string | undefined>(undefined);
  const [active, setActive] = useState<string | undefined>(undefined);
  const [focused, setFocused] = useState(false);
  const byId = useMemo(() => new Map(boxes.map((box) => [box.id, box])), [boxes]);
  useLayoutEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, props);
  }, [boxes, width, height, look]);
  // What is no longer there can not be pointed at.
  useEffect(() => setHovered(undefined), [boxes]);
  const at = (event: MouseEvent): Box | undefined => {
    const area = frame.current?.getBoundingClientRect();
    return area === undefined ? undefined : boxes.find((box) => holds(box, event.clientX - area.left, event.clientY - area.top));
  };
  const boxOf = (name: string | undefined): Box | undefined => (name === undefined ? undefined : byId.get(name));
  const current = boxOf(active) ?? boxes[0];
  const press = (event: JSX.TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (current === undefined) return;
    const next = event.key in DIRECTIONS ? nextBox(boxes, current, event.key as Direction)
      : event.key === 'Home' ? boxes[0] : event.key === 'End' ? boxes[boxes.length - 1] : undefined;
    if (next !== undefined) setActive(next.id);
    else if (event.key === 'Enter' || event.key === ' ') onPress?.(current.id);
    else if (event.key === 'Escape' || event.key === 'Backspace') onLeave?.();
    else if (!(event.key in DIRECTIONS)) return;
    // Whoever presses keys means what the keys have chosen, wherever the pointer rests.
    setHovered(undefined);
    event.preventDefault();
  };
  const shown = boxOf(hovered) ?? (focused ? current : undefined);
  return (
    <div
      ref={frame} class={onPress === undefined ? 'surface' : 'surface pressable'} role="listbox" aria-label={label} tabIndex={0}
      aria-activedescendant={current === undefined ? undefined : `${id}-active`} style={{ height: `${height}px` }}
      onMouseMove={(event) => setHovered(at(event)?.id)} onMouseLeave={() => setHovered(undefined)} onKeyDown={press}
      onFocus={() => setFocused(frame.current?.matches(':focus-visible') ?? false)} onBlur={() => setFocused(false)}
      onClick={(event) => {
        const box = at(event);
        if (box === undefined) return;
        setActive(box.id);
        onPress?.(box.id);
      }}
    >
      <canvas ref={canvas} class="surface-canvas" aria-hidden="true" />
      <Mark box={boxOf(selected)} kind="selected" />
      <Mark box={shown} kind="active" />
      {current !== undefined && (
        <div
          class="hidden" role="option" id={`${id}-active`} aria-selected={current.id === selected} aria-setsize={boxes.length}
          aria-posinset={boxes.indexOf(current) + 1}
        >
          {current.description}
        </div>
      )}
      {shown !== undefined && <Tip box={shown} width={width} />}
    </div>
  );
}
