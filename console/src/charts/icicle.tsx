// Icicle: the focused node over the whole width, its descendants below it, each as wide as its value.

import { useMemo, useRef } from 'preact/hooks';
import { useWidth } from './size';
import { Surface, type Box } from './surface';
import type { Format, IcicleNode, IcicleProps } from './types';

const ROW = 34;
// CSS pixels under which a node would be a line that nobody can point at.
const LEAST_WIDTH = 3;

/** From the root to the node of that id; the root alone where there is none. */
export function pathOf(root: IcicleNode, id: string): IcicleNode[] {
  const path: IcicleNode[] = [];
  const find = (node: IcicleNode): boolean => {
    path.push(node);
    if (node.id === id || node.children.some(find)) return true;
    path.pop();
    return false;
  };
  return find(root) ? path : [root];
}

function place(node: IcicleNode, x: number, width: number, row: number, rows: number, format: Format, boxes: Box[]): void {
  boxes.push({
    id: node.id, x, y: row * ROW, width, height: ROW, name: node.name, text: format(node.value), tone: node.tone,
    description: node.description, strong: row === 0,
  });
  if (row + 1 >= rows) return;
  let left = x;
  for (const child of node.children) {
    const share = node.value === 0 ? 0 : (child.value / node.value) * width;
    if (share >= LEAST_WIDTH) place(child, left, share, row + 1, rows, format, boxes);
    left += share;
  }
}

export function Icicle({ label, root, format, focus, onFocus, up, rows = 5 }: IcicleProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const path = useMemo(() => pathOf(root, focus), [root, focus]);
  const boxes = useMemo(() => {
    const made: Box[] = [];
    if (width > 0) place(path[path.length - 1] as IcicleNode, 0, width, 0, rows, format, made);
    return made;
  }, [path, width, rows, format]);
  const above = path[path.length - 2];
  const levels = boxes.reduce((most, { y }) => Math.max(most, y / ROW + 1), 1);
  const press = (id: string): void => onFocus(id === path[path.length - 1]?.id && above !== undefined ? above.id : id);
  return (
    <div ref={frame} class="chart-frame">
      {above !== undefined && (
        <button type="button" class="button small icicle-up" onClick={() => onFocus(above.id)}>↑ {up}</button>
      )}
      <Surface
        label={label} width={width} height={levels * ROW} boxes={boxes} onPress={press}
        onLeave={above === undefined ? undefined : () => onFocus(above.id)}
      />
    </div>
  );
}
