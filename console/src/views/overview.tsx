// An instance in short: what runs now, what ran, and what the instance is.

import { useState } from 'preact/hooks';
import type { Task } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { ButtonLink } from '../parts/button';
import { Bytes, Count, inCount, Took, When } from '../parts/figure';
import { Empty, Loaded } from '../parts/notice';
import { Facts, Section } from '../parts/page';
import { Pager, Table } from '../parts/table';
import { kindName, StatusTag } from '../parts/tag';
import { address } from '../router';
import { useQuery } from '../state/query';
import { ActiveTask } from './active_task';
import type { TabProps } from './instance';
import { isEstimate, SourceName } from './source';

const LIMIT = 10;
const EVERY_MS = 5000;

const pageOf = (instance: string, task: Task): string =>
  address(['instances', instance, service.isAnalysis(task.kind) ? 'analyses' : task.kind, ...(task.kind === 'expired' ? [] : [task.id])]);

function Recent({ instance }: TabProps) {
  const w = words();
  const [offset, setOffset] = useState(0);
  const query = useQuery(`tasks ${instance.id} ${offset}`, () => service.tasks(instance.id, { offset, limit: LIMIT }),
    { every: EVERY_MS });
  return (
    <Section title={w.overview.recent}>
      <Loaded query={query}>
        {({ count, records }) => (records.length === 0 ? <Empty title={w.overview.noTasks} /> : (
          <>
            <Table
              label={w.overview.recent} rows={records} rowId={({ id }) => id}
              columns={[
                { id: 'kind', header: w.task.kind, cell: (task) => <a href={pageOf(instance.id, task)}>{kindName(task.kind)}</a> },
                { id: 'status', header: w.task.status, cell: ({ status }) => <StatusTag status={status} /> },
                { id: 'by', header: w.task.startedBy, cell: ({ scan_type: by }) => w.scanType[by] },
                { id: 'at', header: w.task.created, cell: ({ created_at: at }) => <When at={at} /> },
                { id: 'took', header: w.task.took, end: true, cell: (task) => <Took from={task.started_at} to={task.finished_at} /> },
                { id: 'keys', header: w.task.keysSeen, end: true, cell: ({ keys_seen: seen }) => <Count value={seen} /> },
              ]}
            />
            <Pager offset={offset} limit={LIMIT} total={count} onOffset={setOffset} />
          </>
        ))}
      </Loaded>
    </Section>
  );
}

function Nodes({ instance }: TabProps) {
  const w = words();
  const query = useQuery(`nodes ${instance.id}`, () => service.nodes(instance.id));
  return (
    <Section title={w.overview.nodes}>
      <Loaded query={query} lines={2}>
        {({ nodes }) => (
          <Table
            label={w.overview.nodes} rows={nodes} rowId={({ logical_node_id: id }) => id}
            columns={[
              { id: 'address', header: w.overview.address, cell: (node) => <bdi class="mono">{node.node_ip}:{node.node_port}</bdi> },
              { id: 'group', header: w.overview.group, cell: ({ group_name: group }) => <bdi>{group}</bdi> },
              { id: 'type', header: w.overview.nodeType, cell: ({ node_type: type }) => type },
              { id: 'status', header: w.task.status, cell: ({ status }) => status },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

function Last({ instance }: TabProps) {
  const w = words();
  const last = instance.last_analysis;
  const start = <ButtonLink href={address(['instances', instance.id, 'analyses'])}>{w.tabs.analyses}</ButtonLink>;
  if (last === undefined) return <Section title={w.instances.lastAnalysis}><Empty title={w.overview.noAnalysis}>{start}</Empty></Section>;
  return (
    <Section
      title={w.instances.lastAnalysis}
      actions={<ButtonLink href={address(['instances', instance.id, 'analyses', last.id])}>{w.overview.openReport}</ButtonLink>}
    >
      <Facts items={[
        [w.task.finished, <When at={last.finished_at} />], [w.keys, <Count value={last.keys} />],
        [w.bytes, <Bytes value={last.bytes} />], ...(isEstimate(last) ? [[w.source.label, <SourceName of={last} />] as const] : []),
      ]}
      />
    </Section>
  );
}

export function Overview(props: TabProps) {
  const w = words();
  const { instance, onChange } = props;
  const active = instance.active ?? [];
  return (
    <>
      {active.map((task) => (
        <ActiveTask key={task.id} instance={instance.id} task={task.id} kind={task.kind} onEnd={onChange} />
      ))}
      <div class="columns">
        <Last {...props} />
        <Section title={w.overview.about}>
          <Facts items={[
            [w.overview.id, <code class="select">{instance.id}</code>],
            [w.overview.policy, instance.maxmemory_policy ?? w.unknown],
            [w.overview.databases, instance.databases === undefined ? w.unknown : inCount(instance.databases)],
            [w.overview.tls, instance.enable_ssl === true ? w.yes : w.no],
            [w.overview.probed, <When at={instance.probed_at} />],
            [w.instances.nextSchedule, instance.next_schedule_at === undefined ? w.instances.noSchedule : <When at={instance.next_schedule_at} />],
          ]}
          />
        </Section>
      </div>
      <Recent {...props} />
      <Nodes {...props} />
    </>
  );
}
