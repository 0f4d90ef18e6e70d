// Big keys, hot keys and expired keys: tasks of /v2, started, listed, shown and deleted alike.

import { useState } from 'preact/hooks';
import type { Kind, RankedKey } from '../api/types';
import * as service from '../api/service';
import type { KeyKind } from '../api/service';
import { words } from '../i18n';
import { Button, ButtonLink } from '../parts/button';
import { Count, Took, When } from '../parts/figure';
import { Empty, Failure, Loaded } from '../parts/notice';
import { Figures, Section } from '../parts/page';
import { Pager, Table } from '../parts/table';
import { kindName, StatusTag } from '../parts/tag';
import { address, go } from '../router';
import { tell } from '../state/message';
import { isFinal } from '../state/progress';
import { useQuery } from '../state/query';
import { ActiveTask, DeleteTask } from './active_task';
import { ExportButtons } from './export';
import type { TabProps } from './instance';
import { KeyTable } from './key_table';

const LIMIT = 20;
const EVERY_MS = 10_000;

type Props = TabProps & { kind: KeyKind };

function StartButton({ instance, kind, disabled, onStarted, onError }:
  { instance: string; kind: KeyKind; disabled: boolean; onStarted: () => void; onError: (error: Error | undefined) => void }) {
  const w = words();
  const [busy, setBusy] = useState(false);
  const start = async (): Promise<void> => {
    setBusy(true);
    onError(undefined);
    try {
      await service.startTask(instance, kind);
      tell(w.keyTasks.started);
    } catch (failure) {
      onError(failure as Error);
    }
    onStarted();
    setBusy(false);
  };
  return (
    <Button look="primary" busy={busy} disabled={disabled} onPress={() => void start()}>{w.keyTasks.start[kind]}</Button>
  );
}

function List({ instance, kind, onChange }: Props) {
  const w = words();
  const [offset, setOffset] = useState(0);
  const [error, setError] = useState<Error | undefined>(undefined);
  const query = useQuery(`${kind} ${instance.id} ${offset}`,
    () => service.keyTasks(instance.id, kind, { offset, limit: LIMIT }), { every: EVERY_MS });
  const reload = (): void => {
    query.reload();
    onChange();
  };
  const active = query.data?.records.find(({ status }) => !isFinal(status)) ?? instance.active?.find((one) => one.kind === kind);
  const hasResult = kind !== 'expired';
  return (
    <>
      {active !== undefined && <ActiveTask key={active.id} instance={instance.id} task={active.id} kind={kind as Kind} onEnd={reload} />}
      <Section
        title={w.keyTasks.history[kind]} note={w.keyTasks.note[kind]}
        actions={<StartButton instance={instance.id} kind={kind} disabled={active !== undefined} onStarted={reload} onError={setError} />}
      >
        {error !== undefined && <Failure error={error} />}
        <Loaded query={query}>
          {({ count, total, records }) => (records.length === 0 ? <Empty title={w.keyTasks.none} /> : (
            <>
              {total !== undefined && <p class="card-note">{w.keyTasks.released(<Count value={total} />)}</p>}
              <Table
                label={w.keyTasks.history[kind]} rows={records} rowId={({ id }) => id}
                columns={[
                  {
                    id: 'at', header: w.task.created,
                    cell: (task) => (hasResult
                      ? <a href={address(['instances', instance.id, kind, task.id])}><When at={task.created_at} /></a>
                      : <When at={task.created_at} />),
                  },
                  { id: 'status', header: w.task.status, cell: ({ status }) => <StatusTag status={status} /> },
                  { id: 'by', header: w.task.startedBy, cell: ({ scan_type: by }) => w.scanType[by] },
                  { id: 'took', header: w.task.took, end: true, cell: (task) => <Took from={task.started_at} to={task.finished_at} /> },
                  ...(hasResult
                    ? [{
                      id: 'actions', header: w.actions, silent: true, end: true,
                      cell: ({ id, status }: { id: string; status: string }) => (isFinal(status)
                        ? <DeleteTask instance={instance.id} task={id} kind={kind} onDeleted={reload} /> : null),
                    }]
                    : [{ id: 'num', header: w.keyTasks.releasedColumn, end: true, cell: ({ num }: { num?: number }) => <Count value={num} /> }]),
                ]}
              />
              <Pager offset={offset} limit={LIMIT} total={count} onOffset={setOffset} />
            </>
          ))}
        </Loaded>
      </Section>
    </>
  );
}

function Found({ keys, kind }: { keys: readonly RankedKey[]; kind: KeyKind }) {
  const w = words();
  return keys.length === 0 ? <Empty title={w.keyTasks.nothing} />
    : <KeyTable label={w.keyTasks.keys[kind]} keys={keys} order={kind === 'hotkey' ? 'freq' : 'given'} />;
}

function Show({ instance, kind, task, onChange }: Props & { task: string }) {
  const w = words();
  const query = useQuery(`${kind} task ${task}`, () => service.keyTask(instance.id, kind, task));
  const list = ['instances', instance.id, kind];
  return (
    <>
      <p class="back"><a href={address(list)}>{w.keyTasks.back[kind]}</a></p>
      <Loaded query={query}>
        {(found) => (!isFinal(found.status)
          ? <ActiveTask instance={instance.id} task={task} kind={kind} onEnd={query.reload} />
          : (
            <Section
              title={kindName(kind)}
              actions={(
                <>
                  <StatusTag status={found.status} />
                  {found.status === 'success' && <ExportButtons instance={instance.id} task={task} part="keys" />}
                  <DeleteTask
                    instance={instance.id} task={task} kind={kind}
                    onDeleted={() => {
                      onChange();
                      go(list);
                    }}
                  />
                </>
              )}
            >
              <Figures items={[
                { name: w.keyTasks.found, value: <Count value={found.num} /> },
                { name: w.task.finished, value: <When at={found.finished_at} /> },
                { name: w.task.took, value: <Took from={found.started_at} to={found.finished_at} /> },
              ]}
              />
              {found.status === 'success' ? <Found keys={found.keys ?? []} kind={kind} /> : <FailedReason instance={instance.id} task={task} />}
            </Section>
          ))}
      </Loaded>
    </>
  );
}

/** Why a task failed, as far as a tenant may know. */
export function FailedReason({ instance, task }: { instance: string; task: string }) {
  const w = words();
  const query = useQuery(`progress ${task}`, () => service.progress(instance, task));
  return <Empty title={w.task.failed}>{query.data?.reason !== undefined && <p><bdi>{query.data.reason}</bdi></p>}</Empty>;
}

export function KeyTasks({ task, ...props }: Props & { task: string | undefined }) {
  const w = words();
  if (task !== undefined && props.kind !== 'expired') return <Show key={task} {...props} task={task} />;
  return (
    <>
      {props.kind === 'hotkey' && props.instance.maxmemory_policy !== undefined &&
        !props.instance.maxmemory_policy.endsWith('lfu') && <p class="card-note">{w.keyTasks.hotNeedsLfu(props.instance.maxmemory_policy)}</p>}
      <List {...props} />
      {props.kind === 'expired' && (
        <p class="back"><ButtonLink href={address(['instances', props.instance.id, 'schedules'])}>{w.tabs.schedules}</ButtonLink></p>
      )}
    </>
  );
}
