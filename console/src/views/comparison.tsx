// Two analyses side by side: what is new, gone, grown and shrunk.

import { useMemo, useState } from 'preact/hooks';
import { CHANGES, type AnalysisRecord, type Change, type ComparedEntry, type ComparedFigures, type Comparison as Compared } from '../api/types';
import * as service from '../api/service';
import { VirtualTable } from '../charts';
import type { Column } from '../charts/types';
import { words } from '../i18n';
import { Button, Segments } from '../parts/button';
import { SelectField } from '../parts/field';
import { Bytes, Count, inBytes, inCount, inMoment, When } from '../parts/figure';
import { KeyName } from '../parts/key_name';
import { Empty, Loaded, Notice } from '../parts/notice';
import { Figures, Section } from '../parts/page';
import { Table } from '../parts/table';
import { TypeTag } from '../parts/tag';
import { amend, route } from '../router';
import { useQuery } from '../state/query';
import { FileButtons } from './export';
import type { TabProps } from './instance';
import { isEstimate, SourceName, sourceText } from './source';

const LIMIT = 100;

type What = 'keys' | 'prefixes';

const delta = (before: number | undefined, after: number | undefined): number | undefined =>
  (before === undefined || after === undefined ? undefined : after - before);

// Bytes where they were measured, else the size of a key or the number of keys.
const figureOf = (figures: ComparedFigures | undefined): number | undefined => figures?.bytes ?? figures?.size ?? figures?.keys;

function Side({ figures, atMost }: { figures: ComparedFigures | undefined; atMost: ComparedFigures | undefined }) {
  const w = words();
  if (figures !== undefined) {
    return figures.bytes !== undefined ? <Bytes value={figures.bytes} /> : <Count value={figureOf(figures)} />;
  }
  // Outside its ranking there: no larger than the last place of that; where the ranking was not full it was not there.
  return atMost === undefined ? <span class="faint">{w.comparison.absent}</span>
    : <span class="soft number" title={w.comparison.atMostHint}>{w.comparison.atMost(atMost.bytes === undefined ? inCount(figureOf(atMost) ?? 0) : inBytes(atMost.bytes))}</span>;
}

function Delta({ of: { before, after, bytes_delta: bytes } }: { of: ComparedEntry }) {
  if (bytes !== undefined) return <Bytes delta value={bytes} />;
  return <Count delta value={delta(figureOf(before), figureOf(after))} />;
}

function columnsOf(what: What): Column<ComparedEntry>[] {
  const w = words();
  return [
    { id: 'name', header: what === 'keys' ? w.key.name : w.prefixes.prefix, width: 'minmax(8rem, 1fr)',
      cell: ({ name, prefix, binary, name_cut: cut }) => <KeyName name={name ?? prefix ?? ''} binary={binary} cut={cut} /> },
    ...(what === 'keys' ? [
      { id: 'type', header: w.key.type, width: '6.5rem', from: 520, cell: ({ type }: ComparedEntry) => (type === undefined ? '–' : <TypeTag type={type} />) },
      { id: 'db', header: w.key.db, width: '4rem', align: 'end' as const, from: 820, cell: ({ db }: ComparedEntry) => db },
    ] : []),
    { id: 'before', header: w.comparison.before, width: '8rem', align: 'end', from: 640, cell: ({ before, before_at_most: most }) => <Side figures={before} atMost={most} /> },
    { id: 'after', header: w.comparison.after, width: '8rem', align: 'end', from: 400, cell: ({ after, after_at_most: most }) => <Side figures={after} atMost={most} /> },
    { id: 'delta', header: w.comparison.change, width: '7rem', align: 'end', cell: (entry) => <Delta of={entry} /> },
  ];
}

function Changes({ of, what }: { of: Compared; what: What }) {
  const w = words();
  const changes = of[what];
  const [wanted, setWanted] = useState<Change>('grown');
  const chosen = (changes[wanted] ?? []).length > 0 ? wanted : CHANGES.find((one) => (changes[one] ?? []).length > 0) ?? wanted;
  const columns = useMemo(() => columnsOf(what), [what, w]);
  const rows = changes[chosen] ?? [];
  return (
    <Section title={what === 'keys' ? w.comparison.keys : w.comparison.prefixes} note={w.comparison.rankedNote}>
      <Segments
        label={w.comparison.change} chosen={chosen} onChoose={setWanted}
        choices={CHANGES.map((id) => ({ id, name: `${w.change[id]} ${inCount((changes[id] ?? []).length)}` }))}
      />
      <VirtualTable
        label={w.change[chosen]} columns={columns} rows={rows} visibleRows={12} empty={w.comparison.nothing}
        rowId={({ name, prefix, type, db }) => JSON.stringify([name, prefix, type, db])}
      />
    </Section>
  );
}

function Totals({ of }: { of: Compared }) {
  const w = words();
  return (
    <Section title={w.report.totals}>
      <Figures items={[
        { name: w.keys, value: <Count delta value={delta(of.before.keys, of.after.keys)} />,
          note: <><Count value={of.before.keys} /> → <Count value={of.after.keys} /></> },
        { name: w.bytes, value: <Bytes delta value={delta(of.before.bytes, of.after.bytes)} />,
          note: <><Bytes value={of.before.bytes} /> → <Bytes value={of.after.bytes} /></> },
        { name: w.comparison.before, value: <span class="figure-text"><When at={of.before.finished_at} /></span>, note: <SourceName of={of.before} /> },
        { name: w.comparison.after, value: <span class="figure-text"><When at={of.after.finished_at} /></span>, note: <SourceName of={of.after} /> },
      ]}
      />
      <Table
        label={w.report.types} rows={of.types.filter(({ before, after }) => (before?.keys ?? 0) + (after?.keys ?? 0) > 0)} rowId={({ type }) => type}
        columns={[
          { id: 'type', header: w.key.type, cell: ({ type }) => <TypeTag type={type} /> },
          { id: 'keysBefore', header: `${w.keys}, ${w.comparison.before}`, end: true, cell: ({ before }) => <Count value={before?.keys} /> },
          { id: 'keysAfter', header: `${w.keys}, ${w.comparison.after}`, end: true, cell: ({ after }) => <Count value={after?.keys} /> },
          { id: 'keysDelta', header: w.comparison.change, end: true, cell: ({ before, after }) => <Count delta value={delta(before?.keys ?? 0, after?.keys ?? 0)} /> },
          { id: 'bytesBefore', header: `${w.bytes}, ${w.comparison.before}`, end: true, cell: ({ before }) => <Bytes value={before?.bytes} /> },
          { id: 'bytesAfter', header: `${w.bytes}, ${w.comparison.after}`, end: true, cell: ({ after }) => <Bytes value={after?.bytes} /> },
          { id: 'bytesDelta', header: w.comparison.change, end: true, cell: ({ before, after }) => <Bytes delta value={delta(before?.bytes, after?.bytes)} /> },
        ]}
      />
    </Section>
  );
}

// Modes in which a node has a part of the keys.
const SHARDED: readonly (string | undefined)[] = ['cluster', 'proxy'];

/** Differences that come from where the figures are from, and say nothing of the keys. */
function Unlike({ of: { before, after }, mode }: { of: Compared; mode: string | undefined }) {
  const w = words().comparison;
  const isPart = before.node?.group_name !== after.node?.group_name
    && ((before.node !== undefined && after.node !== undefined) || SHARDED.includes(mode));
  if (isEstimate(before) === isEstimate(after) && !isPart) return null;
  return (
    <Notice tone="warn" title={w.unlike}>
      {isEstimate(before) !== isEstimate(after) && <p>{w.estimated}</p>}
      {isPart && <p>{w.otherKeys}</p>}
    </Notice>
  );
}

function Result({ instance, mode, before, after }: { instance: string; mode: string | undefined; before: string; after: string }) {
  const query = useQuery(`comparison ${before} ${after}`, () => service.compare(instance, before, after));
  return (
    <Loaded query={query} lines={8}>
      {(of) => <><Unlike of={of} mode={mode} /><Totals of={of} /><Changes of={of} what="keys" /><Changes of={of} what="prefixes" /></>}
    </Loaded>
  );
}

const optionOf = (record: AnalysisRecord) => {
  const { id, finished_at: at, created_at: created, keys } = record;
  const w = words();
  return {
    value: id,
    name: [inMoment(Date.parse(at ?? created)), keys === undefined ? '' : w.keysOf(keys, inCount(keys)), isEstimate(record) ? sourceText(record) : ''].filter((part) => part !== '').join(' · '),
  };
};

// The chosen ones, or the last two; 'before' is by default the one before 'after'.
function chosenOf(records: readonly AnalysisRecord[]): { before: string | undefined; after: string | undefined } {
  const known = (id: string | null): string | undefined => records.find((one) => one.id === id)?.id;
  const after = known(route.value.query.get('after')) ?? records[0]?.id;
  const at = records.findIndex(({ id }) => id === after);
  return { after, before: known(route.value.query.get('before')) ?? (records[at + 1] ?? records.find(({ id }) => id !== after))?.id };
}

export function Comparison({ instance }: TabProps) {
  const w = words();
  const query = useQuery(`analyses done ${instance.id}`, () => service.analyses(instance.id, { status: 'success', limit: LIMIT }));
  return (
    <Loaded query={query}>
      {({ records }) => {
        const { before, after } = chosenOf(records);
        if (before === undefined || after === undefined) {
          return <Section title={w.tabs.compare}><Empty title={w.comparison.needTwo}><p>{w.comparison.needTwoText}</p></Empty></Section>;
        }
        const options = records.map(optionOf);
        return (
          <>
            <Section
              title={w.tabs.compare}
              actions={<FileButtons name={`comparison-${after}`} load={(format) => service.exportComparison(instance.id, before, after, format)} />}
            >
              <div class="row bottom">
                <SelectField label={w.comparison.before} value={before} options={options} onValue={(id) => amend({ before: id, after })} />
                <SelectField label={w.comparison.after} value={after} options={options} onValue={(id) => amend({ before, after: id })} />
                <Button onPress={() => amend({ before: after, after: before })}>{w.comparison.swap}</Button>
              </div>
            </Section>
            {before === after ? <Empty title={w.comparison.same} />
              : <Result key={`${before} ${after}`} instance={instance.id} mode={instance.cache_mode} before={before} after={after} />}
          </>
        );
      }}
    </Loaded>
  );
}
