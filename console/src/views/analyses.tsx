// The analyses of an instance: the one under way, the history, and the form that starts another.

import { useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { MEASURES, type AnalysisOptions, type AnalysisRecord, type Measure } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button, ButtonLink } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Checks, TextField } from '../parts/field';
import { Bytes, Count, Took, When } from '../parts/figure';
import { Empty, Failure, Loaded } from '../parts/notice';
import { Section } from '../parts/page';
import { Pager, Table } from '../parts/table';
import { StatusTag } from '../parts/tag';
import { address } from '../router';
import { tell } from '../state/message';
import { isFinal } from '../state/progress';
import { useQuery } from '../state/query';
import { ActiveTask, DeleteTask } from './active_task';
import type { TabProps } from './instance';

const LIMIT = 20;
const EVERY_MS = 10_000;
const TOP_MAX = 10_000;
const DEPTH_MAX = 16;
const SEPARATORS_MAX = 8;

export interface OptionsDraft {
  measures: Measure[];
  separators: string;
  depth: string;
  top: string;
}

export const draftOf = (options: AnalysisOptions = {}): OptionsDraft => ({
  measures: options.measures ?? ['memory', 'ttl'],
  separators: options.separators ?? ':',
  depth: String(options.prefix_depth ?? 8),
  top: String(options.top ?? 100),
});

const within = (text: string, most: number): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= most;

export interface DraftErrors {
  separators?: string;
  depth?: string;
  top?: string;
}

export function errorsOf({ separators, depth, top }: OptionsDraft): DraftErrors {
  const w = words().options;
  const errors: DraftErrors = {};
  const punctuation = new RegExp(`^[!-/:-@[-\`{-~]{1,${SEPARATORS_MAX}}$`);
  if (!punctuation.test(separators) || new Set(separators).size !== separators.length) errors.separators = w.separatorsError;
  if (!within(depth, DEPTH_MAX)) errors.depth = w.between(1, DEPTH_MAX);
  if (!within(top, TOP_MAX)) errors.top = w.between(1, TOP_MAX);
  return errors;
}

export const optionsOf = ({ measures, separators, depth, top }: OptionsDraft): AnalysisOptions =>
  ({ measures, separators, prefix_depth: Number(depth), top: Number(top) });

export function OptionsForm({ draft, errors, onDraft }:
  { draft: OptionsDraft; errors: DraftErrors; onDraft: (draft: OptionsDraft) => void }) {
  const w = words().options;
  return (
    <>
      <Checks
        label={w.measures} chosen={draft.measures} onChosen={(measures) => onDraft({ ...draft, measures })}
        choices={MEASURES.map((id) => ({ id, name: w.measure[id], hint: w.measureHint[id] }))}
      />
      <div class="triple">
        <TextField
          label={w.top} type="number" min={1} max={TOP_MAX} value={draft.top} error={errors.top}
          onValue={(top) => onDraft({ ...draft, top })}
        />
        <TextField
          label={w.separators} mono maxLength={SEPARATORS_MAX} value={draft.separators} error={errors.separators}
          onValue={(separators) => onDraft({ ...draft, separators })}
        />
        <TextField
          label={w.depth} type="number" min={1} max={DEPTH_MAX} value={draft.depth} error={errors.depth}
          onValue={(depth) => onDraft({ ...draft, depth })}
        />
      </div>
      <p class="hint">{w.separatorsHint}</p>
    </>
  );
}

function Start({ instance, onStarted, onClose }: { instance: string; onStarted: () => void; onClose: () => void }) {
  const w = words();
  const [draft, setDraft] = useState(draftOf());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const errors = errorsOf(draft);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (Object.keys(errors).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      await service.startAnalysis(instance, optionsOf(draft));
      tell(w.analyses.started);
      onStarted();
      onClose();
    } catch (failure) {
      setError(failure as Error);
      setBusy(false);
      if (failure instanceof ApiError && failure.status === 409) onStarted();
    }
  };
  return (
    <Dialog title={w.analyses.start} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <OptionsForm draft={draft} errors={errors} onDraft={setDraft} />
        <p class="small soft">{w.analyses.startNote}</p>
        {error !== undefined && <Failure error={error} />}
        <div class="actions end">
          <Button onPress={onClose}>{w.cancel}</Button>
          <Button submit look="primary" busy={busy} disabled={Object.keys(errors).length > 0}>{w.start}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function History({ instance, records, onDeleted }: { instance: string; records: AnalysisRecord[]; onDeleted: () => void }) {
  const w = words();
  const open = (task: AnalysisRecord) => (
    <a href={address(['instances', instance, 'analyses', task.id])}><When at={task.created_at} /></a>
  );
  return (
    <Table
      label={w.analyses.history} rows={records} rowId={({ id }) => id}
      columns={[
        { id: 'at', header: w.task.created, cell: open },
        { id: 'status', header: w.task.status, cell: ({ status }) => <StatusTag status={status} /> },
        { id: 'by', header: w.task.startedBy, cell: ({ scan_type: by }) => w.scanType[by] },
        { id: 'took', header: w.task.took, end: true, cell: (task) => <Took from={task.started_at} to={task.finished_at} /> },
        { id: 'keys', header: w.keys, end: true, cell: ({ keys }) => <Count value={keys} /> },
        { id: 'bytes', header: w.bytes, end: true, cell: ({ bytes }) => <Bytes value={bytes} /> },
        {
          id: 'actions', header: w.actions, silent: true, end: true,
          cell: ({ id, status }) => (isFinal(status)
            ? <DeleteTask instance={instance} task={id} kind="analysis" onDeleted={onDeleted} /> : null),
        },
      ]}
    />
  );
}

export function Analyses({ instance, onChange }: TabProps) {
  const w = words();
  const [offset, setOffset] = useState(0);
  const [starting, setStarting] = useState(false);
  const query = useQuery(`analyses ${instance.id} ${offset}`,
    () => service.analyses(instance.id, { offset, limit: LIMIT }), { every: EVERY_MS });
  const reload = (): void => {
    query.reload();
    onChange();
  };
  const active = query.data?.records.find(({ status }) => !isFinal(status))
    ?? instance.active?.find(({ kind }) => kind === 'analysis');
  const finished = (query.data?.records ?? []).filter(({ status }) => status === 'success');
  return (
    <>
      {active !== undefined && <ActiveTask key={active.id} instance={instance.id} task={active.id} kind="analysis" onEnd={reload} />}
      <Section
        title={w.analyses.history}
        actions={(
          <>
            {finished.length > 1 && (
              <ButtonLink href={address(['instances', instance.id, 'compare'], { before: finished[1]?.id, after: finished[0]?.id })}>
                {w.analyses.compareLast}
              </ButtonLink>
            )}
            <Button look="primary" disabled={active !== undefined} onPress={() => setStarting(true)}>{w.analyses.start}</Button>
          </>
        )}
      >
        <Loaded query={query}>
          {({ count, records }) => (records.length === 0
            ? <Empty title={w.analyses.none}><p>{w.analyses.noneText}</p></Empty>
            : (
              <>
                <History instance={instance.id} records={records} onDeleted={reload} />
                <Pager offset={offset} limit={LIMIT} total={count} onOffset={setOffset} />
              </>
            ))}
        </Loaded>
      </Section>
      {starting && <Start instance={instance.id} onStarted={reload} onClose={() => setStarting(false)} />}
    </>
  );
}
