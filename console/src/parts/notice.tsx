// What the page has to say between its contents: notices, failures, nothing there, not there yet.

import type { ComponentChildren } from 'preact';
import { ApiError } from '../api/client';
import { memberOf, reasonOf } from '../api/refusal';
import { words } from '../i18n';
import type { Query } from '../state/query';
import { Button } from './button';

export type NoticeTone = 'info' | 'good' | 'warn' | 'bad';

export function Notice({ tone = 'info', title, children }:
  { tone?: NoticeTone; title?: string; children?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      {title !== undefined && <strong>{title}</strong>}
      {children}
    </div>
  );
}

/** What an error is in a line of the page's own. */
export function titleOf(error: ApiError | Error): string {
  const w = words().error;
  if (!(error instanceof ApiError)) return w.unexpected;
  const member = memberOf(error);
  const members: Readonly<Record<string, string>> = w.members;
  return member === undefined ? w.reason[reasonOf(error)] : w.invalid(members[member] ?? member);
}

/** What the service said, and the id by which its log knows the request. */
export function Said({ error }: { error: ApiError | Error }) {
  const w = words().error;
  return (
    <>
      {error.message !== '' && <p><bdi>{error.message}</bdi></p>}
      {error instanceof ApiError && error.retryAfter !== undefined && <p>{w.wait(error.retryAfter)}</p>}
      {error instanceof ApiError && !error.isGone && (
        <p class="small codes">
          <code>{error.code}</code>
          {error.requestId !== undefined && <> · {w.requestId} <code class="select">{error.requestId}</code></>}
        </p>
      )}
    </>
  );
}

/** A failure in words, with what the service said. */
export function Failure({ error, title = titleOf(error), retry }:
  { error: ApiError | Error; title?: string; retry?: () => void }) {
  return (
    <Notice tone="bad" title={title}>
      <Said error={error} />
      {retry !== undefined && <Button small onPress={retry}>{words().retry}</Button>}
    </Notice>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">{words().loading}</span>
      {Array.from({ length: lines }, (_, i) => <span key={i} class="loading-line" aria-hidden="true" />)}
    </div>
  );
}

/** The three states of a reading: not there yet, failed, there (and perhaps failed since). */
export function Loaded<T>({ query, lines, children }:
  { query: Query<T>; lines?: number; children: (data: T) => ComponentChildren }) {
  const { data, error, reload } = query;
  const failure = error !== undefined && !(data !== undefined && error instanceof ApiError && error.isGone)
    ? <Failure error={error} retry={reload} /> : null;
  if (data === undefined) return failure ?? <Loading {...(lines === undefined ? {} : { lines })} />;
  return <>{failure}{children(data)}</>;
}
