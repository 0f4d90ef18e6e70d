// All instances of the project at a glance: are they well, how full, what runs, what was found last.

import { useState } from 'preact/hooks';
import type { InstanceSummary } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { TextField } from '../parts/field';
import { Bytes, Count, When } from '../parts/figure';
import { MemoryMeter, ProgressMeter } from '../parts/meter';
import { Empty, Loaded } from '../parts/notice';
import { Page } from '../parts/page';
import { Pager } from '../parts/table';
import { kindName, StatusTag } from '../parts/tag';
import { address } from '../router';
import { useQuery } from '../state/query';

const EVERY_MS = 5000;
const LIMIT = 100;

export const modeName = (instance: InstanceSummary): string => {
  const modes: Readonly<Record<string, string>> = words().mode;
  const mode = instance.cache_mode;
  return mode === undefined ? '' : modes[mode] ?? mode;
};

function LastAnalysis({ instance }: { instance: InstanceSummary }) {
  const w = words();
  const last = instance.last_analysis;
  if (last === undefined) return <span class="faint">{w.instances.never}</span>;
  return (
    <>
      <a href={address(['instances', instance.id, 'analyses', last.id])}><When at={last.finished_at} /></a>
      <span class="soft">
        {last.keys !== undefined && <>{w.keysWord(last.keys, <Count value={last.keys} />)}</>}
        {last.bytes !== undefined && <> · <Bytes value={last.bytes} /></>}
      </span>
    </>
  );
}

function Card({ instance }: { instance: InstanceSummary }) {
  const w = words();
  const active = instance.active ?? [];
  return (
    <li class="card instance-card">
      <div class="instance-head">
        <h2><a class="cover" href={address(['instances', instance.id])}><bdi>{instance.name}</bdi></a></h2>
        <StatusTag status={instance.status} />
      </div>
      <p class="small soft instance-kind">
        {[`${instance.engine ?? 'Redis'} ${instance.engine_version ?? ''}`.trim(), modeName(instance)]
          .filter((part) => part !== '').join(' · ')}
        {instance.enable_ssl === true && ' · TLS'}
        {instance.description !== undefined && instance.description !== '' && <> · <bdi>{instance.description}</bdi></>}
      </p>
      <dl class="instance-facts">
        <div><dt>{w.instance.memory}</dt><dd><MemoryMeter used={instance.used_memory} most={instance.maxmemory} /></dd></div>
        {active.map((task) => (
          <div key={task.id}>
            <dt>{kindName(task.kind)}</dt>
            <dd><ProgressMeter far={task} label={`${instance.name}: ${kindName(task.kind)}`} /></dd>
          </div>
        ))}
        <div><dt>{w.instances.lastAnalysis}</dt><dd class="spread"><LastAnalysis instance={instance} /></dd></div>
        <div><dt>{w.instances.nextSchedule}</dt>
          <dd>{instance.next_schedule_at === undefined ? <span class="faint">{w.instances.noSchedule}</span>
            : <When at={instance.next_schedule_at} />}</dd></div>
      </dl>
    </li>
  );
}

const matches = ({ name, id, description = '' }: InstanceSummary, text: string): boolean =>
  [name, id, description].some((value) => value.toLowerCase().includes(text.toLowerCase()));

export function Instances() {
  const w = words();
  const [offset, setOffset] = useState(0);
  const [filter, setFilter] = useState('');
  const query = useQuery(`instances ${offset}`, () => service.instances({ offset, limit: LIMIT }), { every: EVERY_MS });
  return (
    <Page title={w.nav.instances}>
      <Loaded query={query}>
        {({ count, instances }) => {
          const shown = instances.filter((one) => matches(one, filter));
          return (
            <>
              {count > 6 && (
                <div class="tools">
                  <TextField label={w.instances.filter} type="search" value={filter} onValue={setFilter} />
                </div>
              )}
              {shown.length === 0
                ? <Empty title={count === 0 ? w.instances.none : w.instances.noneMatch}>{count === 0 && <p>{w.instances.noneText}</p>}</Empty>
                : <ul class="cards">{shown.map((one) => <Card key={one.id} instance={one} />)}</ul>}
              <Pager offset={offset} limit={LIMIT} total={count} onOffset={setOffset} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
