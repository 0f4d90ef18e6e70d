// Which view the address means. Without a session every address is the sign-in, and is gone to afterwards.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ConsoleConfig } from './api/types';
import * as service from './api/service';
import { words } from './i18n';
import { Empty } from './parts/notice';
import { Page } from './parts/page';
import { ButtonLink } from './parts/button';
import { Shell } from './views/shell';
import { SignIn } from './views/sign_in';
import { Instances } from './views/instances';
import { Instance } from './views/instance';
import { Webhooks } from './views/webhooks';
import { WebhookEditor } from './views/webhook_editor';
import { address, isId, route } from './router';
import { epoch } from './state/connection';
import { session } from './state/session';

function Missing() {
  const w = words();
  return (
    <Page title={w.missing.title}>
      <Empty title={w.missing.text}><ButtonLink href={address([])}>{w.nav.instances}</ButtonLink></Empty>
    </Page>
  );
}

function view(path: readonly string[]): JSX.Element {
  const [area = 'instances', id, ...rest] = path;
  if (area === 'instances') {
    if (id === undefined) return <Instances />;
    if (isId(id)) return <Instance key={id} id={id} path={rest} />;
  }
  if (area === 'webhooks') {
    if (id === undefined) return <Webhooks />;
    if (id === 'new' || isId(id)) return <WebhookEditor key={id} id={id === 'new' ? undefined : id} />;
  }
  return <Missing />;
}

/** What the service says of itself; without an answer the page works all the same. */
function useConfig(): ConsoleConfig | undefined {
  const [config, setConfig] = useState<ConsoleConfig | undefined>(undefined);
  const revived = epoch.value;
  useEffect(() => {
    service.config().then(setConfig, () => undefined);
  }, [revived]);
  return config;
}

export function App() {
  const config = useConfig();
  return (
    <Shell config={config}>
      {session.value === undefined ? <SignIn config={config} /> : view(route.value.path)}
    </Shell>
  );
}
