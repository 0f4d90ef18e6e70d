// How the whole, its types, or one prefix grew over time; every analysis is a mark on the line.

import { useMemo, useState } from 'preact/hooks';
import type { Series, SeriesPoint } from '../api/types';
import * as service from '../api/service';
import { Trend } from '../charts';
import type { TrendSeries } from '../charts/types';
import { words } from '../i18n';
import { Button, Segments } from '../parts/button';
import { TextField } from '../parts/field';
import { Bytes, Count, inBytes, inCount, inMoment, Share, When } from '../parts/figure';
import { KeyName } from '../parts/key_name';
import { Empty, Loaded } from '../parts/notice';
import { Section } from '../parts/page';
import { Pager, Table } from '../parts/table';
import { toneOf } from '../parts/tag';
import { address, amend, go, route } from '../router';
import { useQuery } from '../state/query';
import { FileButtons } from './export';
import type { TabProps } from './instance';

const DAY_MS = 86_400_000;
const LIMIT = 1000;
const ROWS = 20;

type Span = '7' | '30' | '90' | '400';
const SPANS: readonly Span[] = ['7', '30', '90', '400'];

type Shown = 'bytes' | 'keys' | 'types' | 'ttl';

const spanOf = (text: string | null): Span => SPANS.find((one) => one === text) ?? '90';

// To the day, so that reading again asks for the same and finds it kept.
const since = (span: Span): string => new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - Number(span) * DAY_MS).toISOString();

function typeSeries(points: readonly SeriesPoint[]): TrendSeries[] {
  const inBytesToo = points.some(({ types = [] }) => types.some(({ bytes }) => bytes !== undefined));
  const names = [...new Set(points.flatMap(({ types = [] }) => types.map(({ type }) => type)))];
  return names.map((name) => ({
    id: name, name, tone: toneOf(name),
    values: points.map(({ types = [] }) => {
      const found = types.find(({ type }) => type === name);
      return (inBytesToo ? found?.bytes : found?.keys) ?? null;
    }),
  }));
}

function seriesOf(points: readonly SeriesPoint[], shown: Shown): TrendSeries[] {
  const w = words();
  const one = (id: 'bytes' | 'keys' | 'bytes_without_ttl' | 'keys_without_ttl', name: string, tone: TrendSeries['tone']): TrendSeries =>
    ({ id, name, tone, values: points.map((point) => point[id] ?? null) });
  switch (shown) {
    case 'bytes': return [one('bytes', w.bytes, 'string')];
    case 'keys': return [one('keys', w.keys, 'set')];
    case 'types': return typeSeries(points);
    case 'ttl': return [one('keys', w.keys, 'set'), one('keys_without_ttl', w.withoutTtl, 'list')];
  }
}

const isInBytes = (points: readonly SeriesPoint[], shown: Shown): boolean =>
  shown === 'bytes' || (shown === 'types' && points.some(({ types = [] }) => types.some(({ bytes }) => bytes !== undefined)));

function Chart({ instance, points, shown }: { instance: string; points: readonly SeriesPoint[]; shown: Shown }) {
  const w = words();
  const times = useMemo(() => points.map(({ at }) => Date.parse(at)), [points]);
  const series = useMemo(() => seriesOf(points, shown), [points, shown, w]);
  const marks = useMemo(() => times.map((at) => ({ at, name: w.trends.mark(inMoment(at)) })), [times, w]);
  return (
    <Trend
      label={w.trends.chart} times={times} series={series} marks={marks} height={280} formatTime={inMoment}
      format={isInBytes(points, shown) ? inBytes : inCount} binary={isInBytes(points, shown)}
      onPick={(index) => {
        const point = points[index];
        if (point !== undefined) go(['instances', instance, 'analyses', point.task_id]);
      }}
    />
  );
}

function Points({ instance, points }: { instance: string; points: readonly SeriesPoint[] }) {
  const w = words();
  const [offset, setOffset] = useState(0);
  const newest = useMemo(() => points.map((point, i) => ({ ...point, before: points[i - 1] })).reverse(), [points]);
  return (
    <>
      <Table
        label={w.trends.points} rows={newest.slice(offset, offset + ROWS)} rowId={({ task_id: id }) => id}
        columns={[
          { id: 'at', header: w.task.finished, cell: ({ task_id: id, at }) => <a href={address(['instances', instance, 'analyses', id])}><When at={at} /></a> },
          { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
          { id: 'keysDelta', header: w.trends.change, end: true, cell: ({ keys, before }) => <Count delta value={before === undefined ? undefined : keys - before.keys} /> },
          { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
          { id: 'bytesDelta', header: w.trends.change, end: true,
            cell: ({ bytes, before }) => <Bytes delta value={bytes === undefined || before?.bytes === undefined ? undefined : bytes - before.bytes} /> },
          { id: 'ttl', header: w.withoutTtl, end: true, cell: ({ keys, keys_without_ttl: without }) => <Share part={without} whole={keys} /> },
        ]}
      />
      <Pager offset={offset} limit={ROWS} total={points.length} onOffset={setOffset} />
    </>
  );
}

function PrefixForm({ prefix }: { prefix: string }) {
  const w = words();
  const [text, setText] = useState(prefix);
  const submit = (event: Event): void => {
    event.preventDefault();
    amend({ prefix: text, binary: undefined });
  };
  return (
    <form class="row bottom" onSubmit={submit}>
      <TextField label={w.trends.prefix} mono value={text} onValue={setText} maxLength={1024} />
      <Button submit>{w.trends.show}</Button>
      {prefix !== '' && (
        <Button
          look="quiet"
          onPress={() => {
            setText('');
            amend({ prefix: undefined, binary: undefined });
          }}
        >
          {w.trends.all}
        </Button>
      )}
    </form>
  );
}

export function Trends({ instance }: TabProps) {
  const w = words();
  const prefix = route.value.query.get('prefix') ?? '';
  const span = spanOf(route.value.query.get('days'));
  const [wanted, setWanted] = useState<Shown>('bytes');
  const binary = route.value.query.get('binary') === 'true';
  const parameters = { prefix, from: since(span), limit: LIMIT, ...(binary ? { binary: 'true' } : {}) };
  const query = useQuery<Series>(`series ${instance.id} ${span} ${binary} ${prefix}`, () => service.series(instance.id, parameters));
  const shownOf = (points: readonly SeriesPoint[]): Shown[] => [
    ...(points.some(({ bytes }) => bytes !== undefined) ? ['bytes'] as const : []), 'keys',
    ...(points.some(({ types = [] }) => types.length > 0) ? ['types'] as const : []),
    ...(points.some(({ keys_without_ttl: without }) => without !== undefined) ? ['ttl'] as const : []),
  ];
  return (
    <Section
      title={w.tabs.trends} note={prefix === '' ? undefined : <>{w.trends.ofPrefix} <KeyName name={prefix} binary={binary} /></>}
      actions={(
        <>
          <Segments
            label={w.trends.span} chosen={span} onChoose={(days) => amend({ days })}
            choices={SPANS.map((id) => ({ id, name: w.trends.days(Number(id)) }))}
          />
          <FileButtons name={`series-${instance.id}`} load={(format) => service.exportSeries(instance.id, parameters, format)} />
        </>
      )}
    >
      <PrefixForm key={prefix} prefix={prefix} />
      <p class="hint">{w.trends.prefixHint}</p>
      <Loaded query={query} lines={6}>
        {({ points }) => {
          if (points.length === 0) return <Empty title={w.trends.none}><p>{w.trends.noneText}</p></Empty>;
          const choices = shownOf(points);
          const shown = choices.includes(wanted) ? wanted : choices[0] ?? 'keys';
          return (
            <>
              <Segments
                label={w.measureLabel} chosen={shown} onChoose={setWanted}
                choices={choices.map((id) => ({ id, name: w.trends.shown[id] }))}
              />
              <Chart instance={instance.id} points={points} shown={shown} />
              <Points instance={instance.id} points={points} />
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
