// The bodies of /v2 and /ext/v1 as they come over the wire. Members that are not known are left out there,
// so nearly everything is optional here. Times are ISO texts in UTC, names escaped (format/name.ts).

export type Kind = 'bigkey' | 'hotkey' | 'expired' | 'analysis' | 'offline';
export type TaskStatus = 'waiting' | 'running' | 'success' | 'failed';
export type ScanType = 'manual' | 'auto';
export type Unit = 'byte' | 'count';

// What every kind of task has.
export interface TaskTimes {
  created_at: string;
  started_at?: string;
  finished_at?: string;
}

export interface Task extends TaskTimes {
  id: string;
  kind: Kind;
  status: TaskStatus;
  scan_type: ScanType;
  num?: number;
  keys_seen?: number;
  keys_total?: number;
  attempt?: number;
}

export interface TaskPage {
  count: number;
  records: Task[];
}

export interface ShardProgress {
  shard: string;
  state: 'waiting' | 'running' | 'done';
  keys_seen?: number;
  keys_total?: number;
}

export interface TaskCost {
  profile?: string;
  pauses?: { guard?: number; ceiling?: number };
  paused_ms?: number;
  halvings?: number;
  baseline_us?: number;
  worst_us?: number;
  latency_us?: number;
  touched?: number;
  commands?: number;
}

export interface Progress extends Task {
  instance_id: string;
  updated_at?: string;
  keys_per_second?: number;
  remaining_seconds?: number;
  pause?: 'guard' | 'ceiling';
  cost?: TaskCost;
  shards?: ShardProgress[];
  reason?: string;
}

export interface InstanceSummary {
  id: string;
  name: string;
  description?: string;
  cache_mode?: string;
  status: string;
  engine?: string;
  engine_version?: string;
  enable_ssl?: boolean;
  node_role?: string;
  databases?: number;
  /** Bytes. */
  used_memory?: number;
  /** Bytes; 0 means without a limit. */
  maxmemory?: number;
  maxmemory_policy?: string;
  probed_at?: string;
  active?: { id: string; kind: Kind; status: TaskStatus; keys_seen?: number; keys_total?: number }[];
  last_analysis?: Sourced & { id: string; finished_at: string; keys?: number; bytes?: number };
  next_schedule_at?: string;
}

export interface InstancePage {
  count: number;
  instances: InstanceSummary[];
}

export interface InstanceNode {
  logical_node_id: string;
  name: string;
  status: string;
  node_type?: string;
  node_ip: string;
  node_port?: string;
  group_name?: string;
}

export interface InstanceNodes {
  total: number;
  nodes: InstanceNode[];
}

export type Measure = 'memory' | 'ttl' | 'encoding' | 'usage';
export const MEASURES: readonly Measure[] = ['memory', 'ttl', 'encoding', 'usage'];

export interface AnalysisOptions {
  measures?: Measure[];
  separators?: string;
  prefix_depth?: number;
  top?: number;
}

/** Whether keys were asked for, came from the replication stream of a node, or from a file of backups. */
export type Source = 'scan' | 'replication' | 'backup';

export interface SourceNode {
  id: string;
  /** ip:port. */
  name: string;
  group_name: string;
  role: string;
}

/** Where the figures of an analysis come from; an older service says nothing of it, and scans. */
export interface Sourced {
  source?: Source;
  node?: SourceNode;
  backup_id?: string;
}

export interface OfflineOptions {
  node_id?: string;
  backup_id?: string;
  separators?: string;
  prefix_depth?: number;
  top?: number;
}

export interface AnalysisRecord extends TaskTimes, Sourced {
  id: string;
  status: TaskStatus;
  scan_type: ScanType;
  keys?: number;
  bytes?: number;
}

export interface AnalysisPage {
  instance_id: string;
  count: number;
  records: AnalysisRecord[];
}

export interface Analysis extends TaskTimes, Sourced {
  id: string;
  instance_id: string;
  status: TaskStatus;
  scan_type: ScanType;
  options?: AnalysisOptions;
  result?: AnalysisDocument;
}

// Figures that several parts of the document share.
export interface Weight {
  keys: number;
  bytes?: number;
  keys_without_ttl?: number;
  bytes_without_ttl?: number;
}

export interface EncodingWeight {
  encoding: string;
  keys: number;
  bytes?: number;
}

export interface TypeWeight extends Weight {
  type: string;
  elements?: number;
  largest_bytes?: number;
  largest_size?: number;
  encodings?: EncodingWeight[];
}

export interface TimeBucket {
  from_s: number;
  to_s?: number;
  keys: number;
  bytes?: number;
}

export interface ValueBucket {
  from: number;
  to?: number;
  keys: number;
  bytes?: number;
}

export interface RankedKey {
  name: string;
  binary?: boolean;
  name_cut?: boolean;
  name_hash?: string;
  type: string;
  db: number;
  shard?: string;
  bytes?: number;
  size?: number;
  unit?: Unit;
  ttl_ms?: number;
  encoding?: string;
  idle_s?: number;
  freq?: number;
}

export interface PrefixWeight extends Weight {
  prefix: string;
  binary?: boolean;
  depth: number;
  keys_error?: number;
  bytes_error?: number;
}

/** What a dump says of the server that wrote it. */
export interface AnalysisOrigin {
  rdb_version: number;
  engine_version?: string;
  created_at?: string;
  used_memory?: number;
  replication_offset?: number;
}

export interface TypePrefixes {
  type: string;
  capacity?: number;
  exact?: boolean;
  items: PrefixWeight[];
}

export interface AnalysisDocument {
  source: string;
  memory_is?: 'estimate';
  origin?: AnalysisOrigin;
  version: number;
  measures: Measure[];
  not_measured?: { measure: string; reason: string; keys?: number }[];
  keys: number;
  bytes?: number;
  elements?: number;
  keys_without_ttl?: number;
  bytes_without_ttl?: number;
  expired?: { released?: number; held?: number; held_is?: string };
  types?: TypeWeight[];
  databases?: (Weight & { db: number })[];
  shards?: (Weight & { shard: string })[];
  ttl_histogram?: TimeBucket[];
  size_histogram?: ValueBucket[];
  idle_histogram?: TimeBucket[];
  frequency_histogram?: ValueBucket[];
  largest_by_bytes?: RankedKey[];
  largest_by_size?: RankedKey[];
  prefixes?: {
    separators: string;
    depth: number;
    capacity?: number;
    exact?: boolean;
    items: PrefixWeight[];
  };
  prefixes_by_type?: TypePrefixes[];
  /** Entries that had no room in the document, by ranking. */
  left_out?: Partial<Record<'largest_by_bytes' | 'largest_by_size' | 'prefixes' | 'prefixes_by_type', number>>;
}

export interface ComparedFigures {
  bytes?: number;
  size?: number;
  keys?: number;
}

export interface ComparedEntry {
  name?: string;
  prefix?: string;
  binary?: boolean;
  name_cut?: boolean;
  type?: string;
  db?: number;
  before?: ComparedFigures;
  after?: ComparedFigures;
  bytes_delta?: number;
  /** Where it is in the ranking of one analysis only: the most it can have had in the other. */
  before_at_most?: ComparedFigures;
  after_at_most?: ComparedFigures;
}

export type Change = 'new' | 'gone' | 'grown' | 'shrunk';
export const CHANGES: readonly Change[] = ['grown', 'new', 'shrunk', 'gone'];

export interface ComparedAnalysis extends Sourced {
  id: string;
  finished_at: string;
  keys?: number;
  bytes?: number;
}

export interface Comparison {
  before: ComparedAnalysis;
  after: ComparedAnalysis;
  types: { type: string; before?: ComparedFigures; after?: ComparedFigures }[];
  keys: Partial<Record<Change, ComparedEntry[]>>;
  prefixes: Partial<Record<Change, ComparedEntry[]>>;
}

export interface SeriesPoint extends Weight {
  task_id: string;
  at: string;
  types?: { type: string; keys: number; bytes?: number }[];
}

export interface Series {
  prefix?: string;
  points: SeriesPoint[];
}

export type ExportPart =
  | 'keys' | 'keys_by_size' | 'prefixes' | 'prefixes_by_type' | 'types' | 'encodings' | 'databases' | 'shards'
  | 'ttl' | 'sizes' | 'idle' | 'frequency';
export const EXPORT_PARTS: readonly ExportPart[] = [
  'keys', 'keys_by_size', 'prefixes', 'prefixes_by_type', 'types', 'encodings', 'databases', 'shards', 'ttl', 'sizes', 'idle',
  'frequency',
];

// Schedules: the first form is that of big keys, hot keys and analyses, the second that of expired keys.
export interface DailySchedule {
  enable_auto_scan: boolean;
  schedule_at: string[];
  updated_at?: string;
  options?: AnalysisOptions;
}

export interface ExpireSchedule {
  enable_auto_scan: boolean;
  first_scan_at?: string;
  interval?: number;
  timeout?: number;
  scan_keys_count?: number;
  updated_at?: string;
}

export interface KeyTask extends TaskTimes {
  id: string;
  instance_id: string;
  status: TaskStatus;
  scan_type: ScanType;
  num: number;
  keys?: RankedKey[];
}

export interface KeyTaskPage {
  count: number;
  total?: number;
  records: (TaskTimes & { id: string; status: TaskStatus; scan_type: ScanType; num?: number })[];
}

export type WebhookEvent = 'task.succeeded' | 'task.failed' | 'limit.passed';
export const WEBHOOK_EVENTS: readonly WebhookEvent[] = ['task.succeeded', 'task.failed', 'limit.passed'];

export interface WebhookLimit {
  subject: 'key' | 'prefix';
  name?: string;
  bytes?: number;
  keys?: number;
  size?: number;
}

export interface WebhookBody {
  name: string;
  url: string;
  events: WebhookEvent[];
  kinds?: Kind[];
  instance_ids?: string[];
  limits?: WebhookLimit[];
  enabled: boolean;
  rotate_secret?: boolean;
}

export interface Webhook extends WebhookBody {
  id: string;
  created_at?: string;
  updated_at?: string;
  failing_since?: string;
  disabled_reason?: string;
  /** Told once: on creation and after rotation. */
  secret?: string;
}

export interface WebhookPage {
  count: number;
  webhooks: Webhook[];
}

export interface Delivery {
  id: string;
  event?: string;
  status?: string;
  attempts?: number;
  created_at?: string;
  attempted_at?: string;
  delivered_at?: string;
  next_attempt_at?: string;
  response_status?: number;
  error?: string;
}

export interface DeliveryPage {
  count: number;
  deliveries: Delivery[];
}

export interface ConsoleConfig {
  version: string;
  identity: boolean;
  documentation?: string;
}

export interface Login {
  token: string;
  expires_at: string;
  project_id: string;
  project_name?: string;
  role?: string;
}
