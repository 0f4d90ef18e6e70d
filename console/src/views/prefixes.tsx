// The prefixes of an analysis: an icicle to walk into, and what is directly below the one that has the focus.

import { useMemo, useState } from 'preact/hooks';
import type { AnalysisDocument, PrefixWeight } from '../api/types';
import { Icicle, VirtualTable } from '../charts';
import type { Column, IcicleNode, Tone } from '../charts/types';
import { plain } from '../format/name';
import { pathTo, prefixTree, rangeOf, weightOf, type PrefixMeasure, type PrefixNode } from '../format/prefix_tree';
import { words } from '../i18n';
import { Segments } from '../parts/button';
import { exactBytes, inBytes, inCount, inShare, Share } from '../parts/figure';
import { KeyName } from '../parts/key_name';
import { Empty } from '../parts/notice';
import { Section } from '../parts/page';
import { address } from '../router';
import { ExportButtons } from './export';

const FAMILIES: readonly Tone[] = ['string', 'set', 'zset', 'list', 'stream', 'hash', 'module'];

const inMeasure = (value: number, measure: PrefixMeasure): string => (measure === 'bytes' ? inBytes(value) : inCount(value));

/** A figure that may be too large by a known error: as a range where there is one. */
function Range({ item, measure }: { item: PrefixWeight; measure: PrefixMeasure }) {
  const w = words();
  const range = rangeOf(item, measure);
  if (range === undefined) return <span class="faint">–</span>;
  const exact = (value: number): string => (measure === 'bytes' ? exactBytes(value) : inCount(value));
  const [least, most] = [inMeasure(range.least, measure), inMeasure(range.most, measure)];
  if (range.least === range.most) return <span class="number" title={exact(range.most)}>{most}</span>;
  return (
    <span class="number" title={w.prefixes.between(exact(range.least), exact(range.most))}>
      {least === most ? `≤ ${most}` : `${least} – ${most}`}
    </span>
  );
}

function describe(node: PrefixNode, measure: PrefixMeasure, whole: number): string {
  const w = words();
  const { item } = node;
  if (item === undefined) return w.prefixes.all;
  return [
    plain(item.prefix, item.binary),
    item.bytes === undefined ? '' : `${inBytes(item.bytes)}${item.bytes_error === undefined || item.bytes_error === 0 ? '' : ` (−${inBytes(item.bytes_error)})`}`,
    w.keysOf(item.keys, inCount(item.keys)),
    inShare(weightOf(node, measure), whole),
    item.keys_without_ttl === undefined || item.keys === 0 ? '' : w.prefixes.withoutTtl(inShare(item.keys_without_ttl, item.keys)),
  ].filter((part) => part !== '').join('\n');
}

// The part of a prefix that its parent does not say; the whole is in the description.
function ownName({ item, parent }: PrefixNode): string {
  if (item === undefined) return '';
  const whole = plain(item.prefix, item.binary);
  const above = parent?.item === undefined ? '' : plain(parent.item.prefix, parent.item.binary);
  return whole.startsWith(above) ? whole.slice(above.length) : whole;
}

function icicleOf(node: PrefixNode, measure: PrefixMeasure, whole: number, tone: Tone): IcicleNode {
  const children = node.children.filter((child) => weightOf(child, measure) > 0).map((child, i) =>
    icicleOf(child, measure, whole, node.parent === undefined && node.item === undefined ? FAMILIES[i % FAMILIES.length] as Tone : tone));
  const sum = children.reduce((total, child) => total + child.value, 0);
  return {
    id: node.id, name: node.item === undefined ? words().prefixes.all : ownName(node), tone, children,
    // Upper bounds of children may add up to more than their parent.
    value: Math.max(node.item === undefined ? whole : weightOf(node, measure), sum),
    description: describe(node, measure, whole),
  };
}

function Path({ node, onFocus }: { node: PrefixNode; onFocus: (id: string) => void }) {
  const w = words();
  return (
    <nav class="path" aria-label={w.prefixes.path}>
      <ol>
        {pathTo(node).map((one) => (
          <li key={one.id}>
            {one === node ? <span aria-current="true"><PathName node={one} /></span>
              : <button type="button" class="link" onClick={() => onFocus(one.id)}><PathName node={one} /></button>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function PathName({ node }: { node: PrefixNode }) {
  return node.item === undefined ? <>{words().prefixes.all}</> : <bdi class="key">{ownName(node)}</bdi>;
}

// `instance`: where each prefix has a course of its own; undefined for those of one type, which have none.
function columnsOf(measure: PrefixMeasure, whole: number, instance: string | undefined): Column<PrefixNode>[] {
  const w = words();
  const item = ({ item: found }: PrefixNode): PrefixWeight => found as PrefixWeight;
  return [
    { id: 'prefix', header: w.prefixes.prefix, width: 'minmax(5rem, 1fr)', cell: (node) => <KeyName name={item(node).prefix} binary={item(node).binary} /> },
    { id: 'bytes', header: w.bytes, width: '9.5rem', align: 'end', from: measure === 'bytes' ? 0 : 640, cell: (node) => <Range item={item(node)} measure="bytes" /> },
    { id: 'keys', header: w.keys, width: '9.5rem', align: 'end', from: measure === 'keys' ? 0 : 640, cell: (node) => <Range item={item(node)} measure="keys" /> },
    { id: 'share', header: w.prefixes.share, width: '5.5rem', align: 'end', from: 480, cell: (node) => <Share part={weightOf(node, measure)} whole={whole} /> },
    { id: 'ttl', header: w.withoutTtl, width: '8rem', align: 'end', from: 780, cell: (node) => <Share part={item(node).keys_without_ttl} whole={item(node).keys} /> },
    { id: 'below', header: w.prefixes.below, width: '6rem', align: 'end', from: 860, cell: ({ children }) => (children.length > 0 ? inCount(children.length) : '–') },
    ...(instance === undefined ? [] : [{ id: 'trend', header: w.tabs.trends, width: '5.5rem', align: 'end' as const, from: 940,
      cell: (node: PrefixNode) => <a href={address(['instances', instance, 'trends'], { prefix: item(node).prefix, binary: item(node).binary === true ? 'true' : undefined })} onClick={(event) => event.stopPropagation()}>{w.prefixes.trend}</a> }]),
  ];
}

interface PrefixSectionProps {
  instance: string;
  task: string;
  of: AnalysisDocument;
}

const EVERY_TYPE = '';

export function PrefixSection({ instance, task, of }: PrefixSectionProps) {
  const w = words();
  const [type, setType] = useState(EVERY_TYPE);
  const [measure, setMeasure] = useState<PrefixMeasure>(of.bytes === undefined ? 'keys' : 'bytes');
  const [focus, setFocus] = useState('');
  const byType = of.prefixes_by_type ?? [];
  const ofType = byType.find((one) => one.type === type);
  const { items, exact, capacity } = ofType ?? of.prefixes ?? { items: [] };
  const { keys = 0, bytes } = (ofType === undefined ? of : of.types?.find((one) => one.type === type)) ?? {};
  const whole = measure === 'bytes' ? bytes ?? 0 : keys;
  const nodes = useMemo(() => prefixTree(items, measure), [items, measure]);
  const root = nodes.get('') as PrefixNode;
  const icicle = useMemo(() => icicleOf(root, measure, whole, 'neutral'), [root, measure, whole, w]);
  const columns = useMemo(() => columnsOf(measure, whole, ofType === undefined ? instance : undefined), [measure, whole, ofType, instance, w]);
  const focused = nodes.get(focus) ?? root;
  if (items.length === 0) return <Section title={w.prefixes.title}><Empty title={w.prefixes.none} /></Section>;
  const choose = (wanted: string): void => {
    setType(wanted);
    setFocus('');
  };
  return (
    <Section
      title={w.prefixes.title}
      note={[exact === true ? w.prefixes.exact : w.prefixes.bounded(inCount(capacity ?? 0)), ofType === undefined ? '' : w.prefixes.ofType].join(' ')}
      actions={(
        <>
          {byType.length > 0 && (
            <select class="choice" aria-label={w.key.type} value={type} onChange={(event) => choose(event.currentTarget.value)}>
              {[{ id: EVERY_TYPE, name: w.keyTable.allTypes }, ...byType.map((one) => ({ id: one.type, name: one.type }))]
                .map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
            </select>
          )}
          {of.bytes !== undefined && (
            <Segments
              label={w.measureLabel} chosen={measure} onChoose={setMeasure}
              choices={[{ id: 'bytes', name: w.bytes }, { id: 'keys', name: w.keys }]}
            />
          )}
          <ExportButtons instance={instance} task={task} part={ofType === undefined ? 'prefixes' : 'prefixes_by_type'} />
        </>
      )}
    >
      <Path node={focused} onFocus={setFocus} />
      <Icicle
        label={w.prefixes.icicle} root={icicle} focus={focused.id} onFocus={setFocus} up={w.prefixes.up}
        format={(value) => inMeasure(value, measure)}
      />
      {focused.children.length === 0 ? <p class="card-note">{w.prefixes.leaf}</p> : (
        <VirtualTable
          label={w.prefixes.children} columns={columns} rows={focused.children} rowId={({ id }) => id}
          empty={w.prefixes.none} visibleRows={10} onOpen={(node) => setFocus(node.id)}
        />
      )}
    </Section>
  );
}
