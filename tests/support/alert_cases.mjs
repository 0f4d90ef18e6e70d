// For each alert of deploy/monitoring/alerts.yaml the series by which it fires at a moment, and others, as near as can be, by
// which it does not.  Values are those of a minute each, in promtool's notation; `says` are the values in its description.

const SERVER = '{job="dcs-server",instance="s1"}';
const WORKER = '{job="dcs-worker",instance="w1"}';
const up = (labels, values) => ({ [`up${labels}`]: values });
const ended = (counts) => Object.fromEntries(Object.entries(counts).map(([outcome, values]) =>
  [`dcs_task_attempts_ended_total{job="dcs-worker",instance="w1",outcome="${outcome}"}`, values]));
const attempts = (counts) => Object.fromEntries(Object.entries(counts).map(([result, values]) =>
  [`dcs_webhook_attempts_total{job="dcs-worker",instance="w1",result="${result}"}`, values]));
const requests = (good, bad) => ({ 'dcs_http_requests_total{job="dcs-server",class="2xx"}': good,
  'dcs_http_requests_total{job="dcs-server",class="5xx"}': bad });

// Of a histogram: so many observations a minute, all up to the bound.
const latency = (metric, bound) => Object.fromEntries(['0.25', '0.5', '1', '2.5', '+Inf'].map((le) =>
  [`${metric}_bucket{job="dcs-server",le="${le}"}`, le === '+Inf' || Number(le) >= bound ? '0+600x60' : '0x60']));

export const cases = {
  DcsNoServer: { at: 10, fires: up(SERVER, '1x5 0x10'), quiet: up(SERVER, '1x20') },
  DcsNoWorker: { at: 10, fires: up(SERVER, '1x20'),
    quiet: { ...up(WORKER, '1x20'), 'up{job="dcs-worker",instance="w2"}': '0x20' } },
  DcsInstanceDown: { at: 10, labels: { job: 'dcs-worker', instance: 'w2' }, says: ['dcs-worker', 'w2'],
    fires: { ...up(WORKER, '1x20'), 'up{job="dcs-worker",instance="w2"}': '1 0x20' }, quiet: up(WORKER, '1x7 0x2 1x20') },
  DcsRestarting: { at: 31, labels: { job: 'dcs-worker' }, says: ['dcs-worker', '3'],
    fires: { [`process_start_time_seconds${WORKER}`]: '1000x5 1300x5 1600x5 1900x20' },
    quiet: { [`process_start_time_seconds${WORKER}`]: '1000x5 1300x5 1600x30' } },
  DcsNotReady: { at: 30, labels: { job: 'dcs-server', instance: 's1' }, says: ['dcs-server', 's1'],
    fires: { [`dcs_ready${SERVER}`]: '0x40', [`process_start_time_seconds${SERVER}`]: '0x40' },
    quiet: { [`dcs_ready${SERVER}`]: '0x40', [`process_start_time_seconds${SERVER}`]: '1200x40' } },
  DcsDatabaseUnreachable: { at: 10, fires: { [`dcs_database_connections${SERVER}`]: '4x5 0x10' },
    quiet: { [`dcs_database_connections${SERVER}`]: '0x20', 'dcs_database_connections{job="dcs-server",instance="s2"}': '1x20' } },
  DcsQueueUnseen: { at: 10, says: ['10m 0s'], fires: { [`dcs_queue_survey_timestamp_seconds${WORKER}`]: '0x20' },
    quiet: { [`dcs_queue_survey_timestamp_seconds${WORKER}`]: '0x20', 'dcs_queue_survey_timestamp_seconds{job="dcs-worker",instance="w2"}': '0+60x20' } },
  DcsDatabaseLostOften: { at: 31, labels: { job: 'dcs-server' }, says: ['dcs-server', '30'],
    fires: { 'dcs_database_connections_lost_total{job="dcs-server",reason="lost"}': '0+1x40' },
    quiet: { 'dcs_database_connections_lost_total{job="dcs-server",reason="lost"}': '0x20 2x20', 'dcs_database_connections_lost_total{job="dcs-server",reason="not_made"}': '0+1x40' } },
  DcsDatabaseFull: { at: 20, says: ['1'], fires: { 'dcs_database_statements_refused_total{job="dcs-server",reason="full"}': '0+60x30' },
    quiet: { 'dcs_database_statements_refused_total{job="dcs-server",reason="away"}': '0+60x30', 'dcs_database_statements_refused_total{job="dcs-server",reason="full"}': '0+5x30' } },
  DcsDatabaseSlow: { at: 20, says: ['995ms'], fires: latency('dcs_database_statement_duration_seconds', 1),
    quiet: latency('dcs_database_statement_duration_seconds', 0.5) },
  DcsErrors: { at: 20, says: ['10%'], fires: requests('0+540x30', '0+60x30'), quiet: requests('0+5760x30', '0+240x30') },
  DcsErrorsSome: { at: 50, says: ['1%'], fires: requests('0+594x60', '0+6x60'), quiet: requests('0+5985x60', '0+15x60') },
  DcsSlowRequests: { at: 20, says: ['2.485s'], fires: latency('dcs_http_request_duration_seconds', 2.5), quiet: latency('dcs_http_request_duration_seconds', 1) },
  DcsConnectionsFull: { at: 20, labels: { reason: 'full' }, says: ['full', '1'], fires: { 'dcs_connections_turned_away_total{job="dcs-server",reason="full"}': '0+60x30' },
    quiet: { 'dcs_connections_turned_away_total{job="dcs-server",reason="late"}': '0+60x30', 'dcs_connections_turned_away_total{job="dcs-server",reason="short_of"}': '0+5x30' } },
  DcsKeysLocked: { at: 20, says: ['10'], fires: { 'dcs_access_keys_locked_total{job="dcs-server"}': '0+1x30' },
    quiet: { 'dcs_access_keys_locked_total{job="dcs-server"}': '0x10 3x30' } },
  DcsCertificateExpires: { at: 90, labels: { name: 'dcs-server' }, says: ['dcs-server', '9d 22h 30m 0s'],
    fires: { 'certmanager_certificate_expiration_timestamp_seconds{name="dcs-server"}': '864000x100' },
    quiet: { 'certmanager_certificate_expiration_timestamp_seconds{name="dcs-server"}': '2592000x100',
      'certmanager_certificate_expiration_timestamp_seconds{name="another"}': '864000x100' } },
  DcsServerCertificateExpires: { at: 90, labels: { instance: 's2' }, says: ['s2', '9d 22h 30m 0s'],
    fires: { [`dcs_tls_certificate_not_after_seconds${SERVER}`]: '2592000x100', 'dcs_tls_certificate_not_after_seconds{job="dcs-server",instance="s2"}': '864000x100' },
    quiet: { [`dcs_tls_certificate_not_after_seconds${SERVER}`]: '1224000x100', 'dcs_tls_certificate_not_after_seconds{job="dcs-server",instance="s2"}': '0x100' } },
  DcsSecretNotUsed: { at: 20, labels: { job: 'dcs-server', file: 'key_file' }, says: ['dcs-server', 'key_file'],
    fires: { 'dcs_secret_file_unused{job="dcs-server",instance="s1",file="key_file"}': '0x5 1x20' },
    quiet: { 'dcs_secret_file_unused{job="dcs-server",instance="s1",file="key_file"}': '1x8 0 1x8 0x20' } },
  DcsAuditEventsLost: { at: 20, says: ['10'], fires: { 'dcs_audit_events_lost_total{job="dcs-server"}': '0+1x30' },
    quiet: { 'dcs_audit_events_lost_total{job="dcs-server"}': '7x30' } },
  DcsTasksWait: { at: 20, says: ['10m 0s'], fires: { [`dcs_tasks_oldest_waiting_seconds${WORKER}`]: '600x30' },
    quiet: { [`dcs_tasks_oldest_waiting_seconds${WORKER}`]: '600x4 0 600x4 0 600x4 0 600x4 0x20' } },
  DcsTasksStuck: { at: 20, says: ['15m 0s'], fires: { [`dcs_tasks_oldest_waiting_seconds${WORKER}`]: '0x30', [`dcs_tasks_oldest_unclaimed_seconds${WORKER}`]: '900x30' },
    quiet: { [`dcs_tasks_oldest_waiting_seconds${WORKER}`]: '1700x30', [`dcs_tasks_oldest_unclaimed_seconds${WORKER}`]: '300x30' } },
  DcsWorkersLost: { at: 20, says: ['15'], fires: { [`dcs_tasks_rescued_total${WORKER}`]: '0+1x30' }, quiet: { [`dcs_tasks_rescued_total${WORKER}`]: '0x10 4x30' } },
  DcsTasksGivenUp: { at: 61, says: ['60'], fires: { [`dcs_tasks_given_up_total${WORKER}`]: '0+1x70' }, quiet: { [`dcs_tasks_given_up_total${WORKER}`]: '3x70' } },
  DcsTasksFail: { at: 50, says: ['60%'], fires: ended({ failed: '0+2x60', retried: '0+1x60', succeeded: '0+2x60' }),
    quiet: ended({ failed: '0+2x60', succeeded: '0+3x60' }) },
  DcsWritesFenced: { at: 20, says: ['15'], fires: { [`dcs_writes_fenced_total${WORKER}`]: '0+1x30' }, quiet: { [`dcs_writes_fenced_total${WORKER}`]: '0x10 4x30' } },
  DcsSchedulesLate: { at: 20, says: ['10m 0s'], fires: { [`dcs_schedule_lag_seconds${WORKER}`]: '600x30' },
    quiet: { [`dcs_schedule_lag_seconds${WORKER}`]: '290x30' } },
  DcsScansStandStill: { at: 40, says: ['2'], fires: { [`dcs_scans_running${WORKER}`]: '2x50', [`dcs_scan_keys_total${WORKER}`]: '1000x50' },
    quiet: { [`dcs_scans_running${WORKER}`]: '2x50', [`dcs_scan_keys_total${WORKER}`]: '0+1x50' } },
  DcsScansPause: { at: 50, says: ['95%'], fires: { [`dcs_scans_running${WORKER}`]: '2x60', [`dcs_scan_paused_seconds_total${WORKER}`]: '0+114x60' },
    quiet: { [`dcs_scans_running${WORKER}`]: '2x60', [`dcs_scan_paused_seconds_total${WORKER}`]: '0+90x60' } },
  DcsWebhooksLate: { at: 20, says: ['10m 0s'], fires: { [`dcs_webhook_deliveries_oldest_due_seconds${WORKER}`]: '600x30' },
    quiet: { [`dcs_webhook_deliveries_oldest_due_seconds${WORKER}`]: '600x4 0 600x4 0 600x4 0 290x20' } },
  DcsWebhooksFail: { at: 80, says: ['60%'], fires: attempts({ connection: '0+2x90', address: '0+1x90', delivered: '0+2x90' }),
    quiet: attempts({ refused: '0+9x90', connection: '0+1x90', delivered: '0+1x90' }) },
  DcsWebhooksGivenUp: { at: 380, says: ['36'],
    fires: { [`dcs_webhook_deliveries_given_up_total${WORKER}`]: '0+0.1x400', ...attempts({ timeout: '0+1x400', delivered: '0+0.05x400' }) },
    quiet: { [`dcs_webhook_deliveries_given_up_total${WORKER}`]: '0+0.1x400', ...attempts({ timeout: '0+1x400', delivered: '0+0.2x400' }) } },
};

// What `promtool test rules` is to read, by alert: its rule alone in a group (with all of them each case would evaluate all), and
// the case in which it fires, the one in which it does not, or both.
export function testFiles(alerts, which = ['fires', 'quiet']) {
  const series = (values) => Object.entries(values).map(([name, text]) => ({ series: name, values: text }));
  return Object.entries(cases).map(([name, { at, labels = {}, says = [], fires, quiet }]) => {
    const rule = alerts.find(({ alert }) => alert === name);
    const values = [...says];
    const description = rule.annotations.description.replace(/{{.*?}}/g, () => values.shift());
    const expected = { exp_labels: { ...labels, ...rule.labels }, exp_annotations: { ...rule.annotations, description } };
    const both = { fires: [fires, [expected]], quiet: [quiet, []] };
    return {
      name, rules: { groups: [{ name: 'alone', rules: [rule] }] },
      tests: which.map((one) => both[one]).map(([input, alertsThen]) => ({ interval: '1m', input_series: series(input),
        alert_rule_test: [{ eval_time: `${at}m`, alertname: name, exp_alerts: alertsThen }] })),
    };
  });
}
