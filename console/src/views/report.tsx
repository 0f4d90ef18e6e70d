// The report of one analysis, from the whole to the single key.

import { useMemo, useState } from 'preact/hooks';
import type { Analysis, AnalysisDocument, RankedKey, TypeWeight, Weight } from '../api/types';
import * as service from '../api/service';
import { Bars, Histogram, Treemap } from '../charts';
import type { HistogramBucket, Tone } from '../charts/types';
import { plain } from '../format/name';
import { words } from '../i18n';
import { ButtonLink, Segments } from '../parts/button';
import { Bytes, Count, inBytes, inCount, inDuration, inShare, Share, Took, When } from '../parts/figure';
import { Empty, Loaded, Notice } from '../parts/notice';
import { Figures, Section } from '../parts/page';
import { Table } from '../parts/table';
import { StatusTag, toneOf, TypeTag } from '../parts/tag';
import { address, go } from '../router';
import { isFinal } from '../state/progress';
import { useQuery } from '../state/query';
import { ActiveTask, DeleteTask } from './active_task';
import { kindOf } from './analyses';
import { ExportAnalysis, ExportButtons } from './export';
import type { TabProps } from './instance';
import { KeyDetail, keyId, KeyTable } from './key_table';
import { FailedReason } from './key_tasks';
import { PrefixSection } from './prefixes';
import { Origin, SourceName } from './source';

type Measure = 'bytes' | 'keys';

interface PartProps {
  instance: string;
  task: string;
  of: AnalysisDocument;
}

function NotMeasured({ of }: { of: AnalysisDocument }) {
  const w = words();
  const missing = of.not_measured ?? [];
  if (missing.length === 0) return null;
  // What is always measured has no option.
  const named: Readonly<Record<string, string>> = { ...w.options.measure, size: w.key.size, type: w.key.type };
  return (
    <Notice tone="warn" title={w.report.notMeasured}>
      <ul class="plain">
        {missing.map(({ measure, reason, keys }) => (
          <li key={measure}>
            <strong>{named[measure] ?? measure}</strong>
            {keys !== undefined && <> ({w.keysOf(keys, inCount(keys))})</>}: <bdi>{reason}</bdi>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function LeftOut({ of: { left_out: left = {} } }: { of: AnalysisDocument }) {
  const w = words();
  const count = Object.values(left).reduce((sum, one) => sum + one, 0);
  return count === 0 ? null : <Notice tone="warn" title={w.report.leftOut(inCount(count))} />;
}

function Totals({ of }: { of: AnalysisDocument }) {
  const w = words();
  const { expired } = of;
  const items = [
    { name: w.keys, value: <Count value={of.keys} /> },
    { name: w.bytes, value: <Bytes value={of.bytes} />,
      ...(of.bytes === undefined || of.keys === 0 ? {} : { note: (
        <>{w.report.average(inBytes(of.bytes / of.keys))}{of.memory_is === 'estimate' && <> · <strong>{w.source.estimated}</strong></>}</>
      ) }) },
    { name: w.withoutTtl, value: <Share part={of.keys_without_ttl} whole={of.keys} />,
      note: of.bytes_without_ttl === undefined ? undefined : <Bytes value={of.bytes_without_ttl} /> },
    ...(of.elements === undefined ? [] : [{ name: w.report.elements, value: <Count value={of.elements} /> }]),
    ...(expired?.held === undefined ? []
      : [{ name: w.report.expiredHeld, value: <Count value={expired.held} />, note: expired.held_is === 'estimate' ? w.report.estimate : undefined }]),
    ...(expired?.released === undefined ? [] : [{ name: w.report.expiredReleased, value: <Count value={expired.released} /> }]),
  ];
  return <section class="card" aria-label={w.report.totals}><Figures items={items} /></section>;
}

function describeType(type: TypeWeight, of: AnalysisDocument): string {
  const w = words();
  return [
    type.type, w.keysOf(type.keys, inCount(type.keys)), type.bytes === undefined ? '' : inBytes(type.bytes),
    inShare(type.keys, of.keys),
  ].filter((part) => part !== '').join('\n');
}

function Types({ instance, task, of }: PartProps) {
  const w = words();
  const [measure, setMeasure] = useState<Measure>(of.bytes === undefined ? 'keys' : 'bytes');
  const types = (of.types ?? []).filter(({ keys }) => keys > 0);
  if (types.length === 0) return null;
  const encodings = types.flatMap(({ type, encodings: found = [] }) => found.map((encoding) => ({ type, ...encoding })));
  return (
    <Section
      title={w.report.types}
      actions={(
        <>
          {of.bytes !== undefined && <MeasureChoice measure={measure} onMeasure={setMeasure} />}
          <ExportButtons instance={instance} task={task} part="types" />
        </>
      )}
    >
      <Bars
        label={w.report.types} format={measure === 'bytes' ? inBytes : inCount}
        bars={types.map((type) => ({
          id: type.type, name: type.type, value: type[measure] ?? 0, tone: toneOf(type.type), description: describeType(type, of),
          text: `${measure === 'bytes' ? inBytes(type.bytes ?? 0) : inCount(type.keys)} · ${inShare(type[measure] ?? 0, of[measure] ?? 0)}`,
        }))}
      />
      <Table
        label={w.report.types} rows={types} rowId={({ type }) => type}
        columns={[
          { id: 'type', header: w.key.type, cell: ({ type }) => <TypeTag type={type} /> },
          { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
          { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
          { id: 'elements', header: w.report.elements, end: true, cell: ({ elements }) => <Count value={elements} /> },
          { id: 'largest', header: w.report.largest, end: true, cell: ({ largest_bytes: bytes }) => <Bytes value={bytes} /> },
          { id: 'ttl', header: w.withoutTtl, end: true, cell: ({ keys, keys_without_ttl: without }) => <Share part={without} whole={keys} /> },
        ]}
      />
      {encodings.length > 0 && (
        <details>
          <summary>{w.report.encodings}</summary>
          <Table
            label={w.report.encodings} rows={encodings} rowId={({ type, encoding }) => `${type} ${encoding}`}
            columns={[
              { id: 'type', header: w.key.type, cell: ({ type }) => <TypeTag type={type} /> },
              { id: 'encoding', header: w.key.encoding, cell: ({ encoding }) => <bdi class="mono">{encoding}</bdi> },
              { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
              { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
            ]}
          />
        </details>
      )}
    </Section>
  );
}

function MeasureChoice({ measure, onMeasure }: { measure: Measure; onMeasure: (measure: Measure) => void }) {
  const w = words();
  return (
    <Segments
      label={w.measureLabel} chosen={measure} onChoose={onMeasure}
      choices={[{ id: 'bytes', name: w.bytes }, { id: 'keys', name: w.keys }]}
    />
  );
}

type Ranking = 'largest_by_bytes' | 'largest_by_size';

function describeKey(key: RankedKey): string {
  const w = words();
  return [
    plain(key.name, key.binary), key.type, key.bytes === undefined ? '' : inBytes(key.bytes),
    key.size === undefined ? '' : key.unit === 'byte' ? inBytes(key.size) : w.elements(key.size, inCount(key.size)),
    `${w.key.db} ${key.db}`,
  ].filter((part) => part !== '').join('\n');
}

const weigh = (key: RankedKey, ranking: Ranking): number => (ranking === 'largest_by_bytes' ? key.bytes : key.size) ?? 0;

function LargestKeys({ instance, task, of }: PartProps) {
  const w = words();
  const [ranking, setRanking] = useState<Ranking>((of.largest_by_bytes ?? []).length > 0 ? 'largest_by_bytes' : 'largest_by_size');
  const [selected, setSelected] = useState<string | undefined>(undefined);
  const keys = of[ranking] ?? [];
  const items = useMemo(() => keys.map((key) => ({
    id: keyId(key), name: plain(key.name, key.binary), value: weigh(key, ranking), tone: toneOf(key.type), description: describeKey(key),
  })), [keys, ranking, w]);
  const detail = selected === undefined ? undefined : keys.find((key) => keyId(key) === selected);
  const both = (of.largest_by_bytes ?? []).length > 0 && (of.largest_by_size ?? []).length > 0;
  return (
    <Section
      title={w.report.largestKeys}
      actions={(
        <>
          {both && (
            <Segments
              label={w.report.ranking} chosen={ranking} onChoose={setRanking}
              choices={[{ id: 'largest_by_bytes', name: w.report.byBytes }, { id: 'largest_by_size', name: w.report.bySize }]}
            />
          )}
          <ExportButtons instance={instance} task={task} part={ranking === 'largest_by_bytes' ? 'keys' : 'keys_by_size'} />
        </>
      )}
    >
      {keys.length === 0 ? <Empty title={w.keyTasks.nothing} /> : (
        <>
          {ranking === 'largest_by_bytes' && (
            <>
              <Treemap
                label={w.report.treemap} items={items} format={inBytes} selected={selected} onSelect={setSelected}
                rest={(count, sum) => w.report.rest(count, inCount(count), inBytes(sum))}
              />
              <Legend types={[...new Set(keys.map(({ type }) => type))]} />
            </>
          )}
          <KeyTable
            key={ranking} label={w.report.largestKeys} keys={keys} order={ranking === 'largest_by_bytes' ? 'bytes' : 'given'}
            showsTtl={of.measures.includes('ttl')} selected={selected}
          />
        </>
      )}
      {detail !== undefined && <KeyDetail of={detail} onClose={() => setSelected(undefined)} />}
    </Section>
  );
}

function Legend({ types }: { types: readonly string[] }) {
  return (
    <ul class="legend" aria-label={words().report.legend}>
      {types.map((type) => (
        <li key={type} class={`tone-${toneOf(type)}`}><span class="swatch" aria-hidden="true" /><bdi>{type}</bdi></li>
      ))}
    </ul>
  );
}

interface AnyBucket {
  keys: number;
  bytes?: number;
}

function bucketsOf<B extends AnyBucket>(buckets: readonly B[], name: (bucket: B) => string, measure: Measure): HistogramBucket[] {
  const w = words();
  return buckets.map((bucket) => ({
    name: name(bucket), value: bucket[measure] ?? 0,
    description: [name(bucket), w.keysOf(bucket.keys, inCount(bucket.keys)), bucket.bytes === undefined ? '' : inBytes(bucket.bytes)]
      .filter((part) => part !== '').join('\n'),
  }));
}

const rangeName = (from: number, to: number | undefined, format: (value: number) => string): string => {
  const w = words().report;
  if (to === undefined) return w.from(format(from));
  return from === 0 ? w.upTo(format(to)) : w.range(format(from), format(to));
};

// Frequencies are whole numbers, and the bucket ends before `to`.
const frequencyName = ({ from, to }: { from: number; to?: number }): string => {
  if (to === undefined) return words().report.from(inCount(from));
  return to - from <= 1 ? inCount(from) : words().report.range(inCount(from), inCount(to - 1));
};

function Histograms({ of }: { of: AnalysisDocument }) {
  const w = words();
  const [measure, setMeasure] = useState<Measure>('keys');
  const time = ({ from_s: from, to_s: to }: { from_s: number; to_s?: number }): string => rangeName(from, to, inDuration);
  const shown: { id: string; title: string; buckets: HistogramBucket[]; tone: Tone; note?: string }[] = [];
  const add = (id: string, title: string, buckets: HistogramBucket[], tone: Tone, note?: string): void => {
    if (buckets.length > 0) shown.push({ id, title, buckets, tone, ...(note === undefined ? {} : { note }) });
  };
  add('ttl', w.report.ttl, bucketsOf(of.ttl_histogram ?? [], time, measure), 'stream',
    of.keys_without_ttl === undefined ? undefined : w.report.withoutTtlNote(inCount(of.keys_without_ttl)));
  add('size', w.report.sizes, bucketsOf(of.size_histogram ?? [], ({ from, to }) => rangeName(from, to, inBytes), measure), 'string');
  add('idle', w.report.idle, bucketsOf(of.idle_histogram ?? [], time, measure), 'zset');
  add('frequency', w.report.frequency, bucketsOf(of.frequency_histogram ?? [], frequencyName, measure), 'set');
  if (shown.length === 0) return null;
  return (
    <Section
      title={w.report.distributions}
      actions={of.bytes !== undefined && <MeasureChoice measure={measure} onMeasure={setMeasure} />}
    >
      <div class="grid">
        {shown.map(({ id, title, buckets, tone, note }) => (
          <figure key={id} class="chart">
            <figcaption>{title}{note !== undefined && <span class="soft small"> {note}</span>}</figcaption>
            <Histogram label={title} buckets={buckets} tone={tone} format={measure === 'bytes' ? inBytes : inCount} />
          </figure>
        ))}
      </div>
    </Section>
  );
}

function WeightTable({ label, rows, of }: { label: string; rows: readonly (Weight & { name: string })[]; of: AnalysisDocument }) {
  const w = words();
  return (
    <Table
      label={label} rows={rows} rowId={({ name }) => name}
      columns={[
        { id: 'name', header: label, cell: ({ name }) => <bdi>{name}</bdi> },
        { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
        { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
        { id: 'share', header: w.prefixes.share, end: true,
          cell: ({ keys, bytes }) => <Share part={of.bytes === undefined ? keys : bytes} whole={of.bytes ?? of.keys} /> },
        { id: 'ttl', header: w.withoutTtl, end: true, cell: ({ keys, keys_without_ttl: without }) => <Share part={without} whole={keys} /> },
      ]}
    />
  );
}

function Places({ of }: { of: AnalysisDocument }) {
  const w = words();
  const { databases = [], shards = [] } = of;
  const several = shards.length > 0;
  if (databases.length === 0 && !several) return null;
  return (
    <div class={several && databases.length > 0 ? 'columns' : undefined}>
      {databases.length > 0 && (
        <Section title={w.report.databases}>
          <WeightTable label={w.report.databases} of={of} rows={databases.map((one) => ({ ...one, name: String(one.db) }))} />
        </Section>
      )}
      {several && (
        <Section title={w.report.shards}>
          <WeightTable label={w.report.shards} of={of} rows={shards.map((one) => ({ ...one, name: one.shard }))} />
        </Section>
      )}
    </div>
  );
}

function Contents(props: PartProps) {
  const { of, instance, task } = props;
  return (
    <>
      <NotMeasured of={of} />
      <LeftOut of={of} />
      <Totals of={of} />
      <LargestKeys {...props} />
      {of.prefixes !== undefined && <PrefixSection instance={instance} task={task} of={of} />}
      <Types {...props} />
      <Histograms of={of} />
      <Places of={of} />
      {of.origin !== undefined && <Origin of={of.origin} />}
      <Section title={words().file.title}><ExportAnalysis instance={instance} task={task} /></Section>
    </>
  );
}

function ReportHead({ of, instance, onDeleted }: { of: Analysis; instance: string; onDeleted: () => void }) {
  const w = words();
  return (
    <div class="report-head">
      <div class="meta">
        <StatusTag status={of.status} />
        <span><When at={of.finished_at ?? of.created_at} /></span>
        <span><SourceName of={of} /></span>
        <span>{w.scanType[of.scan_type]}</span>
        <span>{w.task.took} <Took from={of.started_at} to={of.finished_at} /></span>
      </div>
      <div class="actions">
        {of.status === 'success' && (
          <ButtonLink href={address(['instances', instance, 'compare'], { after: of.id })}>{w.report.compare}</ButtonLink>
        )}
        <DeleteTask instance={instance} task={of.id} kind={kindOf(of)} small={false} onDeleted={onDeleted} />
      </div>
    </div>
  );
}

export function Report({ instance, task, onChange }: TabProps & { task: string }) {
  const w = words();
  const query = useQuery(`analysis ${task}`, () => service.analysis(instance.id, task));
  const list = ['instances', instance.id, 'analyses'];
  const leave = (): void => {
    onChange();
    go(list);
  };
  return (
    <>
      <p class="back"><a href={address(list)}>{w.report.back}</a></p>
      <Loaded query={query} lines={8}>
        {(found) => (!isFinal(found.status)
          ? <ActiveTask instance={instance.id} task={task} kind={kindOf(found)} onEnd={query.reload} />
          : (
            <>
              <ReportHead of={found} instance={instance.id} onDeleted={leave} />
              {found.result !== undefined ? <Contents instance={instance.id} task={task} of={found.result} />
                : <FailedReason instance={instance.id} task={task} />}
            </>
          ))}
      </Loaded>
    </>
  );
}
