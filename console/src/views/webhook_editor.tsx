// One webhook: made, changed, tried, deleted; its secret, which is told once; what was delivered.

import { useEffect, useRef, useState } from 'preact/hooks';
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
import { tell, tellFailure } from '../state/message';
import { onSignOut } from '../state/session';
import { useQuery, useSettled } from '../state/query';
import { namedLike } from './instances';

const KINDS: readonly Kind[] = ['analysis', 'offline', 'bigkey', 'hotkey', 'expired'];
const EVERY_MS = 5000;
const SOON_MS = 1000;
// As the service has them.
const NAME_BYTES_MAX = 512;
const LIMITS_MAX = 20;
const INSTANCES_MAX = 100;
const OFFERED = 10;

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

const isName = (text: string): boolean => new TextEncoder().encode(text).length <= NAME_BYTES_MAX;

const isLimit = ({ name, figure }: LimitDraft): boolean => isName(name) && isWhole(figure);

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
      <TextField label={w.limitName} mono value={limit.name} placeholder={w.any} error={isName(limit.name) ? undefined : w.nameError} onValue={(name) => onLimit({ ...limit, name })} />
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
      {limits.length === 0 && <p class="field-error" role="status">{w.limitsNeeded}</p>}
      <Button small disabled={limits.length >= LIMITS_MAX} onPress={() => onLimits([...limits, { subject: 'key', name: '', of: 'bytes', figure: '' }])}>{w.addLimit}</Button>
    </fieldset>
  );
}

const isUrl = (text: string): boolean => {
  try {
    const { protocol, username, password } = new URL(text);
    return ['https:', 'http:'].includes(protocol) && username === '' && password === '' && !text.includes('#');
  } catch {
    return false;
  }
};

// The names of instances that were chosen before: the list that is searched has only some of them.
const named = new Map<string, string>();
onSignOut(() => named.clear());

async function nameAll(ids: readonly string[]): Promise<true> {
  await Promise.all(ids.filter((id) => !named.has(id)).map(async (id) => {
    named.set(id, (await service.instance(id))?.name ?? id);
  }));
  return true;
}

/** Of a project's instances, which may be thousands: those that were chosen, and those that a search finds. */
function Instances({ chosen, onChosen }: { chosen: readonly string[]; onChosen: (chosen: string[]) => void }) {
  const w = words();
  const [typed, setTyped] = useState('');
  const wanted = useSettled(typed);
  const found = useQuery(`some instances ${wanted}`, () => service.instances({ ...namedLike(wanted), limit: OFFERED }), { hold: true });
  const names = useQuery(`names ${chosen.join()}`, () => nameAll(chosen), { hold: true });
  // In the order in which they came up, so that one that is chosen stays where it is.
  const order = useRef<string[]>([...chosen]);
  const offered = (found.data?.instances ?? []).map(({ id, name }) => {
    named.set(id, name);
    if (!order.current.includes(id)) order.current.push(id);
    return id;
  });
  const shown = order.current.filter((id) => chosen.includes(id) || (chosen.length < INSTANCES_MAX && offered.includes(id)));
  const more = (found.data?.count ?? 0) > OFFERED || wanted !== '';
  if (shown.length === 0 && !more && found.error === undefined) return null;
  return (
    <>
      <Loaded query={names} lines={1}>
        {() => (
          <Checks
            label={w.webhooks.instances} chosen={chosen} onChosen={onChosen}
            choices={shown.map((id) => ({ id, name: named.get(id) ?? id }))}
          />
        )}
      </Loaded>
      {more && <TextField label={w.webhooks.findInstances} type="search" value={typed} maxLength={256} onValue={setTyped} />}
      {found.error !== undefined && <Failure error={found.error} retry={found.reload} />}
    </>
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
  const ready = body.name !== '' && isUrl(body.url) && body.events.length > 0 && (!withLimits || (limits.length > 0 && limits.every(isLimit)));
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
      {body.events.length === 0 && <p class="field-error" role="status">{w.webhooks.eventsNeeded}</p>}
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
  const [every, setEvery] = useState(EVERY_MS);
  const query = useQuery(`deliveries ${id} ${count}`, () => service.deliveries(id), { every });
  // One that is on its way for the first time is mostly there within a second.
  const waits = query.data?.deliveries.some(({ status }) => status === 'pending') === true;
  useEffect(() => setEvery(waits ? SOON_MS : EVERY_MS), [waits]);
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
      tellFailure(w.webhooks.failed, failure);
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
    const { id: _id, created_at: _created, updated_at: _updated, failing_since: _since, disabled_reason: _why, secret: _secret, ...body } = of;
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

function Trouble({ of: { disabled_reason: why, failing_since: since } }: { of: Webhook }) {
  const w = words();
  if (why === undefined && since === undefined) return null;
  return (
    <Notice tone="warn" {...(why === undefined ? {} : { title: w.webhooks.turnedOff })}>
      {why !== undefined && <p><bdi>{why}</bdi></p>}
      {since !== undefined && <p>{w.webhooks.failing(<When at={since} />)}</p>}
    </Notice>
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
      {query.data !== undefined && <Trouble of={query.data} />}
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
