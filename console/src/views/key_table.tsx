// Keys of a ranking: searched, narrowed to a type, sorted, each with all that is known of it.

import { useMemo, useState } from 'preact/hooks';
import type { RankedKey } from '../api/types';
import { VirtualTable } from '../charts';
import type { Column, Sort } from '../charts/types';
import { language, words } from '../i18n';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { SelectField, TextField } from '../parts/field';
import { Bytes, Count, Duration, exactBytes, inBytes, inCount, inDuration } from '../parts/figure';
import { CopyName, KeyName } from '../parts/key_name';
import { Facts } from '../parts/page';
import { TypeTag } from '../parts/tag';

export const keyId = (key: RankedKey): string => JSON.stringify([key.shard ?? '', key.db, key.name]);

// Without elements around them: a row of the table is as light as it can be. Texts of cells are kept apart by these.
const NONE = '–';
const text = (value: number | undefined, format: (figure: number) => string): string => (value === undefined ? NONE : format(value));
const full = (value: number | undefined, format: (figure: number) => string): string | undefined =>
  (value === undefined ? undefined : format(value));

/** Bytes of a string, elements of anything else. */
export function Size({ of }: { of: RankedKey }) {
  if (of.unit === 'byte') return <Bytes value={of.size} />;
  return of.size === undefined ? <Count value={undefined} />
    : <span class="number" title={words().elements(of.size, inCount(of.size))}>{inCount(of.size)}</span>;
}

export function KeyDetail({ of, onClose }: { of: RankedKey; onClose: () => void }) {
  const w = words();
  return (
    <Dialog title={w.key.title} onClose={onClose}>
      <p class="key-box"><KeyName name={of.name} binary={of.binary} cut={of.name_cut} whole /></p>
      <Facts items={[
        [w.key.type, <TypeTag type={of.type} />], [w.key.bytes, <Bytes value={of.bytes} />], [w.key.size, <Size of={of} />],
        [w.key.db, of.db], [w.key.shard, of.shard === undefined ? '–' : <bdi>{of.shard}</bdi>],
        ...(of.ttl_ms === undefined ? [] : [[w.key.ttl, <Duration seconds={of.ttl_ms / 1000} />] as const]),
        ...(of.encoding === undefined ? [] : [[w.key.encoding, <bdi>{of.encoding}</bdi>] as const]),
        ...(of.idle_s === undefined ? [] : [[w.key.idle, <Duration seconds={of.idle_s} />] as const]),
        ...(of.freq === undefined ? [] : [[w.key.freq, inCount(of.freq)] as const]),
      ]}
      />
      <div class="actions end"><CopyName name={of.name} /><Button onPress={onClose}>{w.close}</Button></div>
    </Dialog>
  );
}

type Figure = 'bytes' | 'size' | 'ttl_ms' | 'idle_s' | 'freq' | 'db';
const FIGURES: readonly Figure[] = ['bytes', 'size', 'ttl_ms', 'idle_s', 'freq', 'db'];

function columnsOf(keys: readonly RankedKey[], w: ReturnType<typeof words>, showsTtl: boolean): Column<RankedKey>[] {
  const has = (member: keyof RankedKey): boolean => keys.some((key) => key[member] !== undefined);
  const columns: (Column<RankedKey> | false)[] = [
    { id: 'name', header: w.key.name, width: 'minmax(9rem, 1fr)', sortable: true,
      cell: (key) => <KeyName name={key.name} binary={key.binary} cut={key.name_cut} /> },
    { id: 'type', header: w.key.type, width: '6rem', sortable: true, from: 460, cell: ({ type }) => <TypeTag type={type} /> },
    has('bytes') && { id: 'bytes', header: w.key.bytes, width: '5.5rem', align: 'end', sortable: true, cell: ({ bytes }) => text(bytes, inBytes), title: ({ bytes }) => full(bytes, exactBytes) },
    has('freq') && { id: 'freq', header: w.key.freq, width: '6rem', align: 'end', sortable: true, cell: ({ freq }) => text(freq, inCount) },
    has('size') && { id: 'size', header: w.key.size, width: '7rem', align: 'end', sortable: true, from: has('bytes') ? 620 : 0, cell: ({ size, unit }) => text(size, unit === 'byte' ? inBytes : inCount),
      title: ({ size, unit }) => full(size, (figure) => (unit === 'byte' ? exactBytes(figure) : w.elements(figure, inCount(figure)))) },
    (showsTtl || has('ttl_ms')) && { id: 'ttl_ms', header: w.key.ttl, width: '7rem', align: 'end', sortable: true, from: 740,
      cell: ({ ttl_ms: ttl }) => (ttl === undefined ? w.key.noTtl : inDuration(ttl / 1000)) },
    has('idle_s') && { id: 'idle_s', header: w.key.idle, width: '6.5rem', align: 'end', sortable: true, from: 880, cell: ({ idle_s: idle }) => text(idle, inDuration) },
    has('encoding') && { id: 'encoding', header: w.key.encoding, width: '6.5rem', sortable: true, from: 1020, cell: ({ encoding }) => encoding },
    { id: 'db', header: w.key.db, width: '3rem', align: 'end', sortable: true, from: 800, cell: ({ db }) => db },
    has('shard') && { id: 'shard', header: w.key.shard, width: '8rem', from: 1150, cell: ({ shard }) => shard },
  ];
  return columns.filter((column): column is Column<RankedKey> => column !== false);
}

function compareBy(column: string, collator: Intl.Collator): (a: RankedKey, b: RankedKey) => number {
  const figure = FIGURES.find((one) => one === column);
  if (figure !== undefined) {
    // Keys without a TTL live longest; of other figures, what is not known counts least.
    const missing = figure === 'ttl_ms' ? Infinity : -1;
    return (a, b) => {
      const [left, right] = [a[figure] ?? missing, b[figure] ?? missing];
      return left === right ? 0 : left - right;
    };
  }
  const text = column === 'name' || column === 'type' || column === 'encoding' ? column : 'name';
  return (a, b) => collator.compare(a[text] ?? '', b[text] ?? '');
}

interface KeyTableProps {
  label: string;
  keys: readonly RankedKey[];
  /** How they come: sorted by a figure, or in the order of the ranking. */
  order: 'bytes' | 'freq' | 'given';
  /** Whether a key without ttl_ms is known to have none. */
  showsTtl?: boolean;
  selected?: string | undefined;
}

export function KeyTable({ label, keys, order, showsTtl = false, selected }: KeyTableProps) {
  const w = words();
  const [text, setText] = useState('');
  const [type, setType] = useState('');
  const [sort, setSort] = useState<Sort | undefined>(order === 'given' ? undefined : { column: order, descending: true });
  const [shown, setShown] = useState<RankedKey | undefined>(undefined);
  const types = useMemo(() => [...new Set(keys.map((key) => key.type))], [keys]);
  const columns = useMemo(() => columnsOf(keys, w, showsTtl), [keys, w, showsTtl]);
  const rows = useMemo(() => {
    const wanted = text.toLowerCase();
    const found = keys.filter((key) => (type === '' || key.type === type) && key.name.toLowerCase().includes(wanted));
    if (sort === undefined) return found;
    const compare = compareBy(sort.column, new Intl.Collator(language.value));
    return found.sort((a, b) => (sort.descending ? compare(b, a) : compare(a, b)));
  }, [keys, text, type, sort]);
  const sortBy = (column: string): void => setSort((before) => (before?.column === column
    ? { column, descending: !before.descending }
    : { column, descending: FIGURES.some((one) => one === column) }));
  return (
    <div class="key-table">
      <div class="tools">
        <TextField label={w.keyTable.filter} type="search" value={text} onValue={setText} />
        {types.length > 1 && (
          <SelectField
            label={w.key.type} value={type} onValue={setType}
            options={[{ value: '', name: w.keyTable.allTypes }, ...types.map((one) => ({ value: one, name: one }))]}
          />
        )}
        <span class="soft small number" role="status">{w.keyTable.shown(inCount(rows.length), inCount(keys.length))}</span>
      </div>
      <VirtualTable
        label={label} columns={columns} rows={rows} rowId={keyId} sort={sort} onSort={sortBy} selected={selected}
        empty={w.keyTable.noneMatch} onOpen={setShown}
      />
      {shown !== undefined && <KeyDetail of={shown} onClose={() => setShown(undefined)} />}
    </div>
  );
}
