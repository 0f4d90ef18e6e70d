// The prefixes of an analysis as a tree. The items name every ancestor of each (the service sees to that);
// which is whose child is found by bytes, as an escaped name and its unescaped parent differ as texts.

import type { PrefixWeight } from '../api/types';
import { bytesOf } from './name';

export interface PrefixNode {
  /** The bytes of the prefix; of the root ''. */
  id: string;
  item: PrefixWeight | undefined;
  depth: number;
  parent: PrefixNode | undefined;
  children: PrefixNode[];
}

export type PrefixMeasure = 'keys' | 'bytes';

export const weightOf = (node: PrefixNode, measure: PrefixMeasure): number => node.item?.[measure] ?? 0;

/** Root and all nodes by id; children are sorted by `measure`, the heaviest first. */
export function prefixTree(items: readonly PrefixWeight[], measure: PrefixMeasure): Map<string, PrefixNode> {
  const nodes = new Map<string, PrefixNode>();
  const root: PrefixNode = { id: '', item: undefined, depth: 0, parent: undefined, children: [] };
  nodes.set('', root);
  const byDepth = items.map((item) => ({ item, id: bytesOf(item.prefix, item.binary) }))
    .sort((a, b) => a.item.depth - b.item.depth);
  for (const { item, id } of byDepth) {
    if (id === '' || nodes.has(id)) continue;
    const parent = parentOf(nodes, id, root);
    const node: PrefixNode = { id, item, depth: item.depth, parent, children: [] };
    parent.children.push(node);
    nodes.set(id, node);
  }
  for (const { children } of nodes.values()) {
    children.sort((a, b) => weightOf(b, measure) - weightOf(a, measure));
  }
  return nodes;
}

// The longest that `id` begins with; those of less depth are there already.
function parentOf(nodes: Map<string, PrefixNode>, id: string, root: PrefixNode): PrefixNode {
  for (let length = id.length - 1; length > 0; length--) {
    const found = nodes.get(id.slice(0, length));
    if (found !== undefined) return found;
  }
  return root;
}

/** From the root to the node itself. */
export function pathTo(node: PrefixNode): PrefixNode[] {
  const path: PrefixNode[] = [];
  for (let at: PrefixNode | undefined = node; at !== undefined; at = at.parent) path.unshift(at);
  return path;
}

/** Least and most that the true figure may be. */
export function rangeOf(item: PrefixWeight, measure: PrefixMeasure): { least: number; most: number } | undefined {
  const most = item[measure];
  if (most === undefined) return undefined;
  const error = (measure === 'keys' ? item.keys_error : item.bytes_error) ?? 0;
  return { least: Math.max(0, most - error), most };
}
