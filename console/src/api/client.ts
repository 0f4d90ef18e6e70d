// One request to the service, with the credentials of the session, and its failure in one form.

import { lost, meansGone } from '../state/connection';
import { session, signOut, type Session } from '../state/session';
import { learn, serviceNow } from './clock';
import { authorization, stamp, type Header } from './signer';

export type Parameters = Record<string, string | number | undefined>;

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  query?: Parameters;
  body?: unknown;
  signal?: AbortSignal;
  accept?: string;
}

/** What the service, or the way to it, said no with. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 where there was no answer. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string | undefined,
    readonly retryAfter: number | undefined = undefined,
  ) {
    super(message);
  }

  /** Nobody answered: the connection's banner says so already. */
  get isGone(): boolean {
    return this.status === 0;
  }
}

const encoder = new TextEncoder();

/** Path and query as they are sent and signed. */
export function target(path: string, query: Parameters = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return pairs.length > 0 ? `${path}?${pairs.join('&')}` : path;
}

async function headersFor(who: Session, method: string, to: string, body: Uint8Array, accept: string):
  Promise<Headers> {
  const headers: Header[] = [['Content-Type', 'application/json']];
  if (who.projectId !== '') headers.push(['X-Project-Id', who.projectId]);
  // Without it, two equal requests of one second would be taken for one that was sent again.
  if (method === 'POST') headers.push(['Idempotency-Key', crypto.randomUUID()]);
  if (who.by === 'key') {
    headers.push(['X-Sdk-Date', stamp(serviceNow())]);
    headers.push(['Authorization', await authorization(who.signing, { method, target: to, headers, body })]);
  } else {
    headers.push(['X-Auth-Token', who.token]);
  }
  const sent = new Headers({ Accept: accept });
  for (const [name, value] of headers) sent.set(name, value);
  return sent;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** An answer that is a refusal, as an error: the form of /v2 or problem details. */
export async function errorOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    body = await response.json() as Record<string, unknown>;
  } catch {
    // Something else than the service answered; the status has to do.
  }
  return new ApiError(
    response.status,
    text(body['error_code']) ?? text(body['code']) ?? `HTTP ${response.status}`,
    text(body['error_msg']) ?? text(body['detail']) ?? text(body['title']) ?? response.statusText,
    response.headers.get('X-Request-Id') ?? text(body['request_id']),
    Number(response.headers.get('Retry-After')) || undefined,
  );
}

async function reach(input: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, {
      ...init, cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
    });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    lost();
    throw new ApiError(0, 'GONE', '', undefined);
  }
  if (meansGone(response)) {
    lost();
    throw new ApiError(0, 'GONE', '', undefined);
  }
  learn(response.headers.get('Date'));
  return response;
}

/** Sends without credentials: what is asked before there are any. */
export async function sendOpen(path: string, call: Call = {}): Promise<Response> {
  const response = await reach(path, {
    method: call.method ?? 'GET',
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(call.body === undefined ? {}
      : { body: JSON.stringify(call.body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Sends as `who`; a refusal is thrown as ApiError. */
export async function sendAs(who: Session, path: string, call: Call = {}): Promise<Response> {
  const method = call.method ?? 'GET';
  const to = target(path, call.query);
  const body = call.body === undefined ? new Uint8Array() : encoder.encode(JSON.stringify(call.body));
  const headers = await headersFor(who, method, to, body, call.accept ?? 'application/json');
  const response = await reach(to, {
    method, headers,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    ...(body.length > 0 ? { body } : {}),
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Sends as whoever is signed in. Credentials that are no longer taken end the session. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const who = session.peek();
  if (who === undefined) throw new ApiError(401, 'SIGNED_OUT', '', undefined);
  try {
    return await sendAs(who, path, call);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && session.peek() === who) signOut('refused');
    throw error;
  }
}

/** The body of the answer; undefined where there is none (204). */
export async function receive<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(path, call);
  return response.status === 204 ? undefined as T : await response.json() as T;
}
