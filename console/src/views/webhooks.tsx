// The webhooks of the project.

import * as service from '../api/service';
import type { Webhook } from '../api/types';
import { words } from '../i18n';
import { ButtonLink } from '../parts/button';
import { Empty, Loaded } from '../parts/notice';
import { Page } from '../parts/page';
import { Table } from '../parts/table';
import { address } from '../router';
import { useQuery } from '../state/query';

export function Webhooks() {
  const w = words();
  const query = useQuery('webhooks', service.webhooks);
  const create = <ButtonLink look="primary" href={address(['webhooks', 'new'])}>{w.webhooks.create}</ButtonLink>;
  return (
    <Page title={w.nav.webhooks} actions={create}>
      <Loaded query={query}>
        {({ webhooks }) => (webhooks.length === 0
          ? <Empty title={w.webhooks.none}><p>{w.webhooks.noneText}</p></Empty>
          : (
            <section class="card">
              <Table
                label={w.nav.webhooks} rows={webhooks} rowId={({ id }: Webhook) => id}
                columns={[
                  { id: 'name', header: w.webhooks.name, cell: ({ id, name }) => <a href={address(['webhooks', id])}><bdi>{name}</bdi></a> },
                  { id: 'url', header: w.webhooks.url, cell: ({ url }) => <bdi class="mono clip" title={url}>{url}</bdi> },
                  { id: 'events', header: w.webhooks.events, cell: ({ events }) => events.map((one) => w.webhooks.event[one] ?? one).join(', ') },
                  { id: 'enabled', header: w.task.status, cell: ({ enabled }) => <span class={`tag status tone-${enabled ? 'good' : 'neutral'}`}><span class="dot" aria-hidden="true" />{enabled ? w.webhooks.on : w.webhooks.off}</span> },
                ]}
              />
            </section>
          ))}
      </Loaded>
    </Page>
  );
}
