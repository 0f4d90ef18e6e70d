// The operations of the service that the console uses, one function each.

import { session } from '../state/session';
import { ApiError, receive, send, sendAs, sendOpen, type Parameters } from './client';
import type {
  Analysis, AnalysisOptions, AnalysisPage, Comparison, ConsoleConfig, DailySchedule, DeliveryPage, ExpireSchedule,
  ExportPart, InstanceNodes, InstancePage, InstanceSummary, KeyTask, KeyTaskPage, Kind, Login, OfflineOptions, Progress, Series,
  TaskPage, Webhook, WebhookBody, WebhookPage,
} from './types';
import { importKey, type SigningKey } from './signer';

const project = (): string => session.peek()?.projectId ?? '';
const ext = (path: string): string => `/ext/v1/${project()}${path}`;
const v2 = (instance: string, path: string): string => `/v2/${project()}/instances/${instance}${path}`;
const ofInstance = (instance: string, path: string): string => ext(`/instances/${instance}${path}`);

export const config = async (): Promise<ConsoleConfig> =>
  await (await sendOpen(`${import.meta.env.BASE_URL}config.json`)).json() as ConsoleConfig;

// Signing in.

/** Finds the project that a key belongs to. Throws ApiError where the key is refused. */
export async function projectOf(signing: SigningKey): Promise<{ id: string; name: string }> {
  const response = await sendAs({ by: 'key', signing, projectId: '', projectName: '' }, '/v3/projects');
  const { projects } = await response.json() as { projects?: { id: string; name: string }[] };
  const found = projects?.[0];
  if (found === undefined) throw new ApiError(403, 'NO_PROJECT', '', undefined);
  return found;
}

export const signingKey = importKey;

export const login = async (who: { user: string; domain: string; password: string; project: string }):
  Promise<Login> => await (await sendOpen('/ext/v1/login', { method: 'POST', body: who })).json() as Login;

// Instances.

export const PAGE_LIMIT = 1000;

export const instances = (query: Parameters = {}): Promise<InstancePage> =>
  receive(ext('/instances'), { query: { limit: PAGE_LIMIT, ...query } });

/** One instance; undefined where it is not there. */
export const instance = async (id: string): Promise<InstanceSummary | undefined> =>
  (await instances({ instance_id: id })).instances.find((one) => one.id === id);

export const nodes = (id: string): Promise<InstanceNodes> => receive(v2(id, '/logical-nodes'));

export const tasks = (id: string, query: Parameters = {}): Promise<TaskPage> =>
  receive(ofInstance(id, '/tasks'), { query });

export const progress = (id: string, task: string): Promise<Progress> => receive(ofInstance(id, `/tasks/${task}`));

export const progressEvents = (id: string, task: string, signal: AbortSignal): Promise<Response> =>
  send(ofInstance(id, `/tasks/${task}/events`), { accept: 'text/event-stream', signal });

// Analyses.

export const startAnalysis = (id: string, options: AnalysisOptions): Promise<Analysis> =>
  receive(ofInstance(id, '/analyses'), { method: 'POST', body: options });

export const startOffline = (id: string, options: OfflineOptions): Promise<Analysis> =>
  receive(ofInstance(id, '/offline-analyses'), { method: 'POST', body: options });

export const analyses = (id: string, query: Parameters = {}): Promise<AnalysisPage> =>
  receive(ofInstance(id, '/analyses'), { query });

export const analysis = (id: string, task: string): Promise<Analysis> => receive(ofInstance(id, `/analyses/${task}`));

export const compare = (id: string, before: string, after: string): Promise<Comparison> =>
  receive(ofInstance(id, '/comparison'), { query: { before, after, format: 'json' } });

export const series = (id: string, query: Parameters): Promise<Series> =>
  receive(ofInstance(id, '/series'), { query: { ...query, format: 'json' } });

// Tasks of /v2: the same three steps for each kind, under paths of their own.

interface KindPaths {
  create: string;
  list: string;
  one: string;
  schedule: string;
}

/** Those of dumps are listed, shown and deleted among the others. */
export const isAnalysis = (kind: Kind): kind is 'analysis' | 'offline' => kind === 'analysis' || kind === 'offline';

const PATHS: Record<Exclude<Kind, 'analysis' | 'offline'>, KindPaths> = {
  bigkey: { create: '/bigkey-task', list: '/bigkey-tasks', one: '/bigkey-task/', schedule: '/bigkey/autoscan' },
  hotkey: { create: '/hotkey-task', list: '/hotkey-tasks', one: '/hotkey-task/', schedule: '/hotkey/autoscan' },
  expired: {
    create: '/auto-expire/scan', list: '/auto-expire/histories', one: '', schedule: '/scan-expire-keys/autoscan-config',
  },
};

export type KeyKind = keyof typeof PATHS;

export const startTask = (id: string, kind: KeyKind): Promise<KeyTask> =>
  receive(v2(id, PATHS[kind].create), { method: 'POST' });

export const keyTasks = (id: string, kind: KeyKind, query: Parameters = {}): Promise<KeyTaskPage> =>
  receive(v2(id, PATHS[kind].list), { query });

export const keyTask = (id: string, kind: KeyKind, task: string): Promise<KeyTask> =>
  receive(v2(id, PATHS[kind].one + task));

/** Deletes a task of any kind that can be deleted; one that waits or runs is cancelled by that. */
export const deleteTask = (id: string, kind: Kind, task: string): Promise<unknown> => {
  const path = isAnalysis(kind) ? ofInstance(id, `/analyses/${task}`) : v2(id, PATHS[kind].one + task);
  return receive(path, { method: 'DELETE' });
};

/** Expired-key scans have no such operation. */
export const canDelete = (kind: Kind): boolean => isAnalysis(kind) || PATHS[kind].one !== '';

// Schedules.

/** Kinds that can be started by schedule. */
export type DailyKind = KeyKind | 'analysis';

const scheduleAt = (id: string, kind: DailyKind): string =>
  kind === 'analysis' ? ofInstance(id, '/analysis-schedule') : v2(id, PATHS[kind].schedule);

export const dailySchedule = (id: string, kind: DailyKind): Promise<DailySchedule> => receive(scheduleAt(id, kind));

export const putDailySchedule = (id: string, kind: DailyKind, body: DailySchedule): Promise<DailySchedule> =>
  receive(scheduleAt(id, kind), { method: 'PUT', body });

export const expireSchedule = (id: string): Promise<ExpireSchedule> => receive(scheduleAt(id, 'expired'));

export const putExpireSchedule = (id: string, body: ExpireSchedule): Promise<ExpireSchedule> =>
  receive(scheduleAt(id, 'expired'), { method: 'PUT', body });

// Files.

export type FileFormat = 'csv' | 'json';

export const exportTask = (id: string, task: string, format: FileFormat, part?: ExportPart): Promise<Response> =>
  send(ofInstance(id, `/tasks/${task}/export`), { query: { format, part }, accept: '*/*' });

export const exportComparison = (id: string, before: string, after: string, format: FileFormat): Promise<Response> =>
  send(ofInstance(id, '/comparison'), { query: { before, after, format }, accept: '*/*' });

export const exportSeries = (id: string, query: Parameters, format: FileFormat): Promise<Response> =>
  send(ofInstance(id, '/series'), { query: { ...query, format }, accept: '*/*' });

// Webhooks.

export const webhooks = (): Promise<WebhookPage> => receive(ext('/webhooks'), { query: { limit: PAGE_LIMIT } });
export const webhook = (id: string): Promise<Webhook> => receive(ext(`/webhooks/${id}`));
export const createWebhook = (body: WebhookBody): Promise<Webhook> => receive(ext('/webhooks'), { method: 'POST', body });
export const putWebhook = (id: string, body: WebhookBody): Promise<Webhook> =>
  receive(ext(`/webhooks/${id}`), { method: 'PUT', body });
export const deleteWebhook = (id: string): Promise<unknown> => receive(ext(`/webhooks/${id}`), { method: 'DELETE' });
export const testWebhook = (id: string): Promise<unknown> => receive(ext(`/webhooks/${id}/test`), { method: 'POST' });
export const deliveries = (id: string): Promise<DeliveryPage> =>
  receive(ext(`/webhooks/${id}/deliveries`), { query: { limit: 100 } });
