// All instances of the project at a glance: are they well, how full, what runs, what was found last.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Parameters } from '../api/client';
import type { InstanceSummary } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { SelectField, TextField } from '../parts/field';
import { Bytes, Count, inCount, When } from '../parts/figure';
import { MemoryMeter, ProgressMeter } from '../parts/meter';
import { Empty, Loaded } from '../parts/notice';
import { Page } from '../parts/page';
import { Pager } from '../parts/table';
import { kindName, StatusTag } from '../parts/tag';
import { address, amend, isId, route } from '../router';
import { useQuery, useSettled } from '../state/query';

const EVERY_MS = 5000;
const LIMIT = 60;
const NAME_MAX = 256;
// So many are seen at a glance.
const FEW = 6;
const STATUSES = ['RUNNING', 'ERROR', 'CREATING'] as const;

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

/** How the service is asked for instances by what was typed: a part of a name, or an id. */
export const namedLike = (text: string): Parameters => {
  const wanted = text.trim();
  return isId(wanted) ? { instance_id: wanted } : { name: wanted };
};

export function Instances() {
  const w = words();
  const asked = route.value.query;
  const [typed, setTyped] = useState(asked.get('name') ?? '');
  const wanted = useSettled(typed);
  const status = asked.get('status') ?? '';
  const page = /^[1-9]\d{0,5}$/.test(asked.get('page') ?? '') ? Number(asked.get('page')) : 1;
  const offset = (page - 1) * LIMIT;
  const isNarrowed = wanted.trim() !== '' || status !== '';
  const query = useQuery(`instances ${JSON.stringify([wanted, status, offset])}`,
    () => service.instances({ ...namedLike(wanted), status, offset, limit: LIMIT }), { every: EVERY_MS, hold: true });
  // A name that is typed is part of the address when it was asked for, and begins at the first page.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) amend({ name: wanted, page: undefined });
    first.current = false;
  }, [wanted]);
  const isMany = useRef(false);
  if (!query.loading && !isNarrowed) isMany.current = (query.data?.count ?? 0) > FEW;
  return (
    <Page title={w.nav.instances}>
      {(isMany.current || isNarrowed || typed !== '') && (
        <div class="tools">
          <TextField label={w.instances.filter} type="search" value={typed} maxLength={NAME_MAX} onValue={setTyped} />
          <SelectField
            label={w.task.status} value={status} onValue={(value) => amend({ status: value, page: undefined })}
            options={[{ value: '', name: w.instances.anyStatus }, ...STATUSES.map((value) => ({ value, name: w.status[value] }))]}
          />
          {query.data !== undefined && <span class="soft small number" role="status">{w.instances.found(query.data.count, inCount(query.data.count))}</span>}
        </div>
      )}
      <Loaded query={query}>
        {({ count, instances }) => (
          <>
            {instances.length > 0 ? <ul class="cards">{instances.map((one) => <Card key={one.id} instance={one} />)}</ul>
              : isNarrowed || count > 0 ? <Empty title={w.instances.noneMatch} />
                : <Empty title={w.instances.none}><p>{w.instances.noneText}</p></Empty>}
            <Pager offset={offset} limit={LIMIT} total={count} onOffset={(to) => amend({ page: to === 0 ? undefined : String(to / LIMIT + 1) })} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
