// One instance: its head, and the pages of it.

import type { JSX } from 'preact';
import type { InstanceSummary } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { ButtonLink } from '../parts/button';
import { MemoryMeter } from '../parts/meter';
import { Empty, Loaded } from '../parts/notice';
import { Page } from '../parts/page';
import { StatusTag } from '../parts/tag';
import { address, isId } from '../router';
import { useQuery } from '../state/query';
import { Analyses } from './analyses';
import { Comparison } from './comparison';
import { modeName } from './instances';
import { KeyTasks } from './key_tasks';
import { Overview } from './overview';
import { Report } from './report';
import { Schedules } from './schedules';
import { Trends } from './trends';

const EVERY_MS = 5000;

export interface TabProps {
  instance: InstanceSummary;
  /** Reads the instance anew: something that its head tells has changed. */
  onChange: () => void;
}

const TABS = ['overview', 'analyses', 'bigkey', 'hotkey', 'expired', 'trends', 'compare', 'schedules'] as const;
type Tab = typeof TABS[number];

function contents(tab: Tab, task: string | undefined, props: TabProps): JSX.Element {
  switch (tab) {
    case 'overview': return <Overview {...props} />;
    case 'analyses': return task === undefined ? <Analyses {...props} /> : <Report key={task} {...props} task={task} />;
    case 'bigkey': case 'hotkey': case 'expired': return <KeyTasks key={tab} {...props} kind={tab} task={task} />;
    case 'trends': return <Trends {...props} />;
    case 'compare': return <Comparison {...props} />;
    case 'schedules': return <Schedules {...props} />;
  }
}

function Tabs({ id, tab }: { id: string; tab: Tab }) {
  const w = words();
  return (
    <nav class="tabs" aria-label={w.tabs.label}>
      {TABS.map((one) => (
        <a
          key={one} href={address(one === 'overview' ? ['instances', id] : ['instances', id, one])}
          aria-current={one === tab ? 'page' : undefined}
        >
          {w.tabs[one]}
        </a>
      ))}
    </nav>
  );
}

function Head({ instance }: { instance: InstanceSummary }) {
  return (
    <div class="meta">
      <StatusTag status={instance.status} />
      <span>{instance.engine ?? 'Redis'} {instance.engine_version}</span>
      <span>{modeName(instance)}</span>
      <span class="meta-memory"><MemoryMeter used={instance.used_memory} most={instance.maxmemory} /></span>
    </div>
  );
}

export function Instance({ id, path }: { id: string; path: readonly string[] }) {
  const w = words();
  const query = useQuery(`instance ${id}`, () => service.instance(id), { every: EVERY_MS });
  const found = TABS.find((one) => one === (path[0] ?? 'overview'));
  if (!query.loading && query.error === undefined && query.data === undefined) {
    return (
      <Page title={w.instance.missing}>
        <Empty title={w.instance.missingText}><ButtonLink href={address([])}>{w.nav.instances}</ButtonLink></Empty>
      </Page>
    );
  }
  const tab = found ?? 'overview';
  const title = query.data?.name ?? w.nav.instances;
  return (
    <Page
      key={tab} title={query.data === undefined ? title : `${title} · ${w.tabs[tab]}`} heading={<bdi>{title}</bdi>}
      meta={query.data !== undefined && <Head instance={query.data} />}
    >
      <Tabs id={id} tab={tab} />
      <Loaded query={query}>
        {(instance) => (instance === undefined ? null : contents(tab, isId(path[1]) ? path[1] : undefined, { instance, onChange: query.reload }))}
      </Loaded>
    </Page>
  );
}
