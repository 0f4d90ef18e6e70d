// Signing in: by an access key, whose secret signs requests here in the browser, or by a password, which the
// service hands on to the identity service for a token. What was typed is forgotten when it was used.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import type { ConsoleConfig } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button, Segments } from '../parts/button';
import { TextField } from '../parts/field';
import { Failure, Notice } from '../parts/notice';
import { farewell, signIn, type Session } from '../state/session';

type Way = 'key' | 'password';

async function byKey(accessKey: string, secret: string): Promise<Session> {
  const signing = await service.signingKey(accessKey, secret);
  const { id, name } = await service.projectOf(signing);
  return { by: 'key', signing, projectId: id, projectName: name };
}

async function byPassword(user: string, domain: string, password: string, project: string): Promise<Session> {
  const made = await service.login({ user, domain, password, project });
  return {
    by: 'token', token: made.token, expiresAt: Date.parse(made.expires_at), projectId: made.project_id,
    projectName: made.project_name ?? project, role: made.role,
  };
}

interface FormProps {
  onSession: () => Promise<Session>;
  /** Empties what must not stay. */
  onDone: () => void;
  ready: boolean;
  children: JSX.Element;
}

function Form({ onSession, onDone, ready, children }: FormProps) {
  const w = words();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      signIn(await onSession());
      onDone();
    } catch (failure) {
      setError(failure as Error);
      setBusy(false);
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      {children}
      {error !== undefined && (
        <Failure error={error} {...(error instanceof ApiError && error.status === 401 ? { title: w.signInRefused } : {})} />
      )}
      <Button submit look="primary" busy={busy} disabled={!ready}>{w.signIn}</Button>
    </form>
  );
}

function KeyForm() {
  const w = words().signInForm;
  const [accessKey, setAccessKey] = useState('');
  const [secret, setSecret] = useState('');
  return (
    <Form
      ready={accessKey !== '' && secret !== ''} onSession={() => byKey(accessKey.trim(), secret.trim())}
      onDone={() => setSecret('')}
    >
      <>
        <TextField label={w.accessKey} value={accessKey} onValue={setAccessKey} mono required maxLength={128} />
        <TextField label={w.secret} hint={w.secretHint} type="password" value={secret} onValue={setSecret} required maxLength={256} />
      </>
    </Form>
  );
}

function PasswordForm() {
  const w = words().signInForm;
  const [user, setUser] = useState('');
  const [domain, setDomain] = useState('Default');
  const [password, setPassword] = useState('');
  const [project, setProject] = useState('');
  return (
    <Form
      ready={[user, domain, password, project].every((value) => value !== '')}
      onSession={() => byPassword(user, domain, password, project)} onDone={() => setPassword('')}
    >
      <>
        <TextField label={w.user} value={user} onValue={setUser} required maxLength={255} />
        <TextField label={w.password} type="password" value={password} onValue={setPassword} required maxLength={1024} />
        <div class="pair">
          <TextField label={w.domain} value={domain} onValue={setDomain} required maxLength={255} />
          <TextField label={w.project} value={project} onValue={setProject} required maxLength={255} />
        </div>
      </>
    </Form>
  );
}

export function SignIn({ config }: { config: ConsoleConfig | undefined }) {
  const w = words();
  const [way, setWay] = useState<Way>('key');
  useEffect(() => {
    document.title = `${w.signIn} · ${w.product}`;
  }, [w]);
  const why = farewell.value;
  return (
    <div class="sign-in">
      <div class="card sign-in-card">
        <h1>{w.signIn}</h1>
        {why !== undefined && <Notice>{w.farewell[why]}</Notice>}
        {globalThis.crypto?.subtle === undefined ? <Notice tone="bad" title={w.insecure}>{w.insecureText}</Notice> : (
          <>
            {config?.identity === true && (
              <Segments
                label={w.signInForm.way} chosen={way} onChoose={setWay}
                choices={[{ id: 'key', name: w.signInForm.byKey }, { id: 'password', name: w.signInForm.byPassword }]}
              />
            )}
            {way === 'key' ? <KeyForm /> : <PasswordForm />}
          </>
        )}
      </div>
    </div>
  );
}
