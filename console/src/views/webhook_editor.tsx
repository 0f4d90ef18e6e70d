// One webhook: made, changed, tried, deleted; its secret, which is told once; what was delivered.

import { useState } from 'preact/hooks';
import { WEBHOOK_EVENTS, type Delivery, type Kind, type Webhook, type WebhookBody, type WebhookLimit } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button } from '../parts/button';
import { Confirm } from '../parts/dialog';
import { Check, Checks, SelectField, TextField } from '../parts/field';
import { inCount, When } from '../parts/figure';
import { CopyName } from '../parts/key_name';
import { Empty, Failure, Loaded, Notice } from '../parts/notice';
import { Page, Section } from '../parts/page';
import { Table } from '../parts/table';
import { StatusTag } from '../parts/tag';
import { address, go } from '../router';
import { tell } from '../state/message';
import { onSignOut } from '../state/session';
import { useQuery } from '../state/query';

const KINDS: readonly Kind[] = ['analysis', 'bigkey', 'hotkey', 'expired'];
const EVERY_MS = 5000;
const NAME_MAX = 1100;

type LimitOf = 'bytes' | 'keys' | 'size';

interface LimitDraft {
  subject: WebhookLimit['subject'];
  name: string;
  of: LimitOf;
  figure: string;
}

const LIMITS_OF: Record<WebhookLimit['subject'], readonly LimitOf[]> = { key: ['bytes', 'size'], prefix: ['bytes', 'keys'] };

const draftOf = (limit: WebhookLimit): LimitDraft => {
  const of = (['bytes', 'keys', 'size'] as const).find((one) => limit[one] !== undefined) ?? 'bytes';
  return { subject: limit.subject, name: limit.name ?? '', of, figure: String(limit[of] ?? '') };
};

const isWhole = (text: string): boolean => /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text));

const limitOf = ({ subject, name, of, figure }: LimitDraft): WebhookLimit =>
  ({ subject, ...(name === '' ? {} : { name }), [of]: Number(figure) });

function LimitRow({ limit, onLimit, onRemove }:
  { limit: LimitDraft; onLimit: (limit: LimitDraft) => void; onRemove: () => void }) {
  const w = words().webhooks;
  const chooseSubject = (text: string): void => {
    const subject = text as WebhookLimit['subject'];
    onLimit({ ...limit, subject, of: LIMITS_OF[subject].includes(limit.of) ? limit.of : 'bytes' });
  };
  return (
    <li class="row bottom limit">
      <SelectField label={w.subject} value={limit.subject} onValue={chooseSubject} options={(['key', 'prefix'] as const).map((value) => ({ value, name: w.subjects[value] }))} />
      <TextField label={w.limitName} mono value={limit.name} placeholder={w.any} maxLength={NAME_MAX} onValue={(name) => onLimit({ ...limit, name })} />
      <SelectField label={w.limitOf} value={limit.of} onValue={(of) => onLimit({ ...limit, of: of as LimitOf })} options={LIMITS_OF[limit.subject].map((value) => ({ value, name: w.limitsOf[value] }))} />
      <TextField label={w.limitFigure} type="number" min={1} value={limit.figure} error={isWhole(limit.figure) ? undefined : w.figureError} onValue={(figure) => onLimit({ ...limit, figure })} />
      <Button look="quiet" label={w.removeLimit} onPress={onRemove}>×</Button>
    </li>
  );
}

function Limits({ limits, onLimits }: { limits: readonly LimitDraft[]; onLimits: (limits: LimitDraft[]) => void }) {
  const w = words().webhooks;
  return (
    <fieldset class="checks">
      <legend>{w.limits}</legend>
      <p class="hint">{w.limitsHint}</p>
      <ul class="plain stack">
        {limits.map((limit, at) => (
          <LimitRow
            key={at} limit={limit} onLimit={(changed) => onLimits(limits.map((one, i) => (i === at ? changed : one)))}
            onRemove={() => onLimits(limits.filter((_, i) => i !== at))}
          />
        ))}
      </ul>
      <Button small onPress={() => onLimits([...limits, { subject: 'key', name: '', of: 'bytes', figure: '' }])}>{w.addLimit}</Button>
    </fieldset>
  );
}

const isUrl = (text: string): boolean => {
  try {
    return ['https:', 'http:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
};

function Instances({ chosen, onChosen }: { chosen: readonly string[]; onChosen: (chosen: string[]) => void }) {
  const w = words();
  const query = useQuery('instances 0', () => service.instances({ limit: 100 }));
  return (
    <Loaded query={query} lines={1}>
      {({ instances }) => (instances.length === 0 ? null : (
        <Checks
          label={w.webhooks.instances} chosen={chosen} onChosen={onChosen}
          choices={[...instances.map(({ id, name }) => ({ id, name })),
            ...chosen.filter((id) => !instances.some((one) => one.id === id)).map((id) => ({ id, name: id }))]}
        />
      ))}
    </Loaded>
  );
}

function Editor({ of, onSaved }: { of: Webhook | undefined; onSaved: (saved: Webhook) => void }) {
  const w = words();
  const [body, setBody] = useState<WebhookBody>({
    name: of?.name ?? '', url: of?.url ?? '', events: of?.events ?? ['task.succeeded', 'task.failed'], enabled: of?.enabled ?? true,
    kinds: of?.kinds ?? [], instance_ids: of?.instance_ids ?? [],
  });
  const [limits, setLimits] = useState<LimitDraft[]>((of?.limits ?? []).map(draftOf));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const change = (changes: Partial<WebhookBody>): void => setBody({ ...body, ...changes });
  const withLimits = body.events.includes('limit.passed');
  const ready = body.name !== '' && isUrl(body.url) && body.events.length > 0 && (!withLimits || limits.every(({ figure }) => isWhole(figure)));
  const sent = (): WebhookBody => {
    const { kinds = [], instance_ids: ids = [], ...rest } = body;
    return {
      ...rest, ...(kinds.length > 0 ? { kinds } : {}), ...(ids.length > 0 ? { instance_ids: ids } : {}),
      ...(withLimits && limits.length > 0 ? { limits: limits.map(limitOf) } : {}),
    };
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      onSaved(of === undefined ? await service.createWebhook(sent()) : await service.putWebhook(of.id, sent()));
      tell(w.webhooks.saved);
    } catch (failure) {
      setError(failure as Error);
    }
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <div class="pair">
        <TextField label={w.webhooks.name} value={body.name} required maxLength={64} onValue={(name) => change({ name })} />
        <TextField
          label={w.webhooks.url} type="url" mono value={body.url} required maxLength={2048} onValue={(url) => change({ url })}
          hint={w.webhooks.urlHint} error={body.url === '' || isUrl(body.url) ? undefined : w.webhooks.urlError}
        />
      </div>
      <Check label={w.webhooks.enabled} checked={body.enabled} onChecked={(enabled) => change({ enabled })} />
      <Checks
        label={w.webhooks.events} chosen={body.events} onChosen={(events) => change({ events })}
        choices={WEBHOOK_EVENTS.map((id) => ({ id, name: w.webhooks.event[id] }))}
      />
      <Checks
        label={w.webhooks.kinds} chosen={body.kinds ?? []} onChosen={(kinds) => change({ kinds })}
        choices={KINDS.map((id) => ({ id, name: w.kind[id] }))}
      />
      <Instances chosen={body.instance_ids ?? []} onChosen={(ids) => change({ instance_ids: ids })} />
      {withLimits && <Limits limits={limits} onLimits={setLimits} />}
      {error !== undefined && <Failure error={error} />}
      <div class="actions end">
        <Button submit look="primary" busy={busy} disabled={!ready}>{of === undefined ? w.webhooks.create : w.save}</Button>
      </div>
    </form>
  );
}

function Secret({ secret }: { secret: string }) {
  const w = words();
  return (
    <Notice tone="warn" title={w.webhooks.secretTitle}>
      <p>{w.webhooks.secretText}</p>
      <p class="row"><code class="select secret">{secret}</code><CopyName name={secret} /></p>
    </Notice>
  );
}

function Deliveries({ id, count }: { id: string; count: number }) {
  const w = words();
  const query = useQuery(`deliveries ${id} ${count}`, () => service.deliveries(id), { every: EVERY_MS });
  return (
    <Section title={w.webhooks.deliveries}>
      <Loaded query={query}>
        {({ deliveries }) => (deliveries.length === 0 ? <Empty title={w.webhooks.noDeliveries} /> : (
          <Table
            label={w.webhooks.deliveries} rows={deliveries} rowId={({ id: one }: Delivery) => one}
            columns={[
              { id: 'at', header: w.task.created, cell: ({ created_at: at }) => <When at={at} /> },
              { id: 'event', header: w.webhooks.eventColumn, cell: ({ event }) => <bdi class="mono">{event}</bdi> },
              { id: 'status', header: w.task.status, cell: ({ status }) => (status === undefined ? '–' : <StatusTag status={status} />) },
              { id: 'answer', header: w.webhooks.answer, cell: ({ response_status: status, error }) => (
                <>{status}{error !== undefined && <bdi class="soft small"> {error}</bdi>}</>) },
              { id: 'attempts', header: w.webhooks.attempts, end: true, cell: ({ attempts }) => (attempts === undefined ? '–' : inCount(attempts)) },
              { id: 'next', header: w.webhooks.nextAttempt, end: true, cell: ({ next_attempt_at: at }) => <When at={at} /> },
            ]}
          />
        ))}
      </Loaded>
    </Section>
  );
}

function Tools({ of, onSecret, onTested }: { of: Webhook; onSecret: (secret: string) => void; onTested: () => void }) {
  const w = words();
  const [asking, setAsking] = useState<'delete' | 'rotate' | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const attempt = async (what: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await what();
    } catch (failure) {
      tell(w.webhooks.failed((failure as Error).message), 'bad');
    }
    setBusy(false);
    setAsking(undefined);
  };
  const test = (): Promise<void> => attempt(async () => {
    await service.testWebhook(of.id);
    tell(w.webhooks.tested);
    onTested();
  });
  const rotate = (): Promise<void> => attempt(async () => {
    const { id: _id, created_at: _created, updated_at: _updated, secret: _secret, ...body } = of;
    const { secret } = await service.putWebhook(of.id, { ...body, rotate_secret: true });
    if (secret !== undefined) onSecret(secret);
  });
  const remove = (): Promise<void> => attempt(async () => {
    await service.deleteWebhook(of.id);
    tell(w.webhooks.deleted);
    go(['webhooks']);
  });
  return (
    <>
      <Button busy={busy} onPress={() => void test()}>{w.webhooks.test}</Button>
      <Button onPress={() => setAsking('rotate')}>{w.webhooks.rotate}</Button>
      <Button look="quiet" onPress={() => setAsking('delete')}>{w.delete}</Button>
      {asking === 'delete' && (
        <Confirm title={w.webhooks.deleteTitle} text={w.webhooks.deleteText} action={w.delete} busy={busy} onConfirm={() => void remove()} onClose={() => setAsking(undefined)} />
      )}
      {asking === 'rotate' && (
        <Confirm title={w.webhooks.rotateTitle} text={w.webhooks.rotateText} action={w.webhooks.rotate} busy={busy} onConfirm={() => void rotate()} onClose={() => setAsking(undefined)} />
      )}
    </>
  );
}

// The secret of a webhook just made: the page changes to that of the webhook, which shows it, once.
let made: { id: string; secret: string } | undefined;
onSignOut(() => {
  made = undefined;
});

function takeMade(id: string): string | undefined {
  const secret = made?.id === id ? made.secret : undefined;
  made = undefined;
  return secret;
}

function Existing({ id }: { id: string }) {
  const w = words();
  const query = useQuery(`webhook ${id}`, () => service.webhook(id));
  const [secret, setSecret] = useState(() => takeMade(id));
  const [tests, setTests] = useState(0);
  const title = query.data?.name ?? w.nav.webhooks;
  return (
    <Page
      title={title} heading={<bdi>{title}</bdi>}
      actions={query.data !== undefined && <Tools of={query.data} onSecret={setSecret} onTested={() => setTests(tests + 1)} />}
    >
      <p class="back"><a href={address(['webhooks'])}>{w.webhooks.back}</a></p>
      {secret !== undefined && <Secret secret={secret} />}
      <Loaded query={query}>
        {(of) => <section class="card"><Editor key={of.updated_at ?? ''} of={of} onSaved={query.reload} /></section>}
      </Loaded>
      <Deliveries id={id} count={tests} />
    </Page>
  );
}

export function WebhookEditor({ id }: { id: string | undefined }) {
  const w = words();
  if (id !== undefined) return <Existing id={id} />;
  const open = (saved: Webhook): void => {
    if (saved.secret !== undefined) made = { id: saved.id, secret: saved.secret };
    go(['webhooks', saved.id]);
  };
  return (
    <Page title={w.webhooks.create}>
      <p class="back"><a href={address(['webhooks'])}>{w.webhooks.back}</a></p>
      <section class="card"><Editor of={undefined} onSaved={open} /></section>
    </Page>
  );
}
