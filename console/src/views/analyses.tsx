// The analyses of an instance, of its keys and of dumps: those under way, the history, and the form that starts another.

import { useState } from 'preact/hooks';
import type { AnalysisRecord, Kind, Sourced } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button, ButtonLink } from '../parts/button';
import { Bytes, Count, Took, When } from '../parts/figure';
import { Empty, Loaded } from '../parts/notice';
import { Section } from '../parts/page';
import { Pager, Table } from '../parts/table';
import { StatusTag } from '../parts/tag';
import { address } from '../router';
import { isFinal } from '../state/progress';
import { useQuery } from '../state/query';
import { ActiveTask, DeleteTask } from './active_task';
import type { TabProps } from './instance';
import { isEstimate, SourceName } from './source';
import { StartAnalysis } from './start_analysis';

const LIMIT = 20;
const EVERY_MS = 10_000;

export const kindOf = (of: Sourced): Kind => (isEstimate(of) ? 'offline' : 'analysis');

function History({ instance, records, onDeleted }: { instance: string; records: AnalysisRecord[]; onDeleted: () => void }) {
  const w = words();
  const open = (task: AnalysisRecord) => (
    <a href={address(['instances', instance, 'analyses', task.id])}><When at={task.created_at} /></a>
  );
  return (
    <Table
      label={w.analyses.history} rows={records} rowId={({ id }) => id}
      columns={[
        { id: 'at', header: w.task.created, cell: open },
        { id: 'status', header: w.task.status, cell: ({ status }) => <StatusTag status={status} /> },
        { id: 'source', header: w.source.label, cell: (task) => <SourceName of={task} /> },
        { id: 'by', header: w.task.startedBy, cell: ({ scan_type: by }) => w.scanType[by] },
        { id: 'took', header: w.task.took, end: true, cell: (task) => <Took from={task.started_at} to={task.finished_at} /> },
        { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
        { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
        {
          id: 'actions', header: w.actions, silent: true, end: true,
          cell: ({ id, status }) => (isFinal(status)
            ? <DeleteTask instance={instance} task={id} kind="analysis" onDeleted={onDeleted} /> : null),
        },
      ]}
    />
  );
}

export function Analyses({ instance, onChange }: TabProps) {
  const w = words();
  const [offset, setOffset] = useState(0);
  const [starting, setStarting] = useState(false);
  const query = useQuery(`analyses ${instance.id} ${offset}`,
    () => service.analyses(instance.id, { offset, limit: LIMIT }), { every: EVERY_MS });
  const reload = (): void => {
    query.reload();
    onChange();
  };
  const listed = (query.data?.records ?? []).filter(({ status }) => !isFinal(status)).map((task) => ({ id: task.id, kind: kindOf(task) }));
  const active = [...listed, ...(instance.active ?? []).filter(({ id, kind }) =>
    (kind === 'analysis' || kind === 'offline') && !query.data?.records.some((one) => one.id === id))];
  const busy = { scan: active.some(({ kind }) => kind === 'analysis'), offline: active.some(({ kind }) => kind === 'offline') };
  const finished = (query.data?.records ?? []).filter(({ status }) => status === 'success');
  return (
    <>
      {active.map(({ id, kind }) => <ActiveTask key={id} instance={instance.id} task={id} kind={kind} onEnd={reload} />)}
      <Section
        title={w.analyses.history}
        actions={(
          <>
            {finished.length > 1 && (
              <ButtonLink href={address(['instances', instance.id, 'compare'], { before: finished[1]?.id, after: finished[0]?.id })}>
                {w.analyses.compareLast}
              </ButtonLink>
            )}
            <Button look="primary" disabled={busy.scan && busy.offline} onPress={() => setStarting(true)}>{w.analyses.start}</Button>
          </>
        )}
      >
        <Loaded query={query}>
          {({ count, records }) => (records.length === 0
            ? <Empty title={w.analyses.none}><p>{w.analyses.noneText}</p></Empty>
            : (
              <>
                <History instance={instance.id} records={records} onDeleted={reload} />
                <Pager offset={offset} limit={LIMIT} total={count} onOffset={setOffset} />
              </>
            ))}
        </Loaded>
      </Section>
      {starting && <StartAnalysis instance={instance.id} busy={busy} onStarted={reload} onClose={() => setStarting(false)} />}
    </>
  );
}
