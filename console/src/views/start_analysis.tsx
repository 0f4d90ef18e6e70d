// Starting an analysis: from which source, of which node, and what of it.

import { useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import type { InstanceNode, Source } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button, Segments } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { SelectField, TextField } from '../parts/field';
import { Failure, Loaded } from '../parts/notice';
import { tell } from '../state/message';
import { useQuery } from '../state/query';
import { draftOf, errorsOf, OptionsForm, optionsOf } from './options';
import { roleName } from './source';

const SOURCES: readonly Source[] = ['scan', 'replication', 'backup'];
// Of a dump all keys pass in any case.
const OFFLINE_TOP = 500;
const BACKUP_MAX = 128;
const isBackup = (text: string): boolean => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text) && text.length <= BACKUP_MAX;

/** Replicas first, by shard: the fork is then not the master's. */
const byPreference = (nodes: readonly InstanceNode[]): InstanceNode[] => [...nodes].sort((a, b) =>
  Number(a.node_type === 'master') - Number(b.node_type === 'master')
  || (a.group_name ?? '').localeCompare(b.group_name ?? '', 'en', { numeric: true }));

const nodeName = ({ node_ip: ip, node_port: port, node_type: role, group_name: group }: InstanceNode): string =>
  [`${ip}:${port ?? ''}`, roleName(role), group ?? ''].filter((part) => part !== '').join(' · ');

interface StartProps {
  instance: string;
  /** Whether one from the keys, or one from a dump, is waiting or running. */
  busy: { scan: boolean; offline: boolean };
  onStarted: () => void;
  onClose: () => void;
}

export function StartAnalysis({ instance, busy: active, onStarted, onClose }: StartProps) {
  const w = words();
  const [source, setSource] = useState<Source>(active.scan ? 'replication' : 'scan');
  const [scanned, setScanned] = useState(draftOf());
  const [offline, setOffline] = useState(draftOf({ top: OFFLINE_TOP }));
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [backup, setBackup] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const isScan = source === 'scan';
  const query = useQuery(`nodes ${instance}`, () => service.nodes(instance), { enabled: !isScan });
  const nodes = byPreference(query.data?.nodes ?? []);
  const node = chosen ?? nodes[0]?.logical_node_id;
  const draft = isScan ? scanned : offline;
  const errors = errorsOf(draft);
  const isActive = isScan ? active.scan : active.offline;
  const ready = Object.keys(errors).length === 0 && !isActive && (isScan || query.data !== undefined) && (source !== 'backup' || isBackup(backup));
  const start = async (): Promise<unknown> => {
    const { measures: _all, ...rest } = optionsOf(draft);
    return isScan ? service.startAnalysis(instance, optionsOf(draft))
      : service.startOffline(instance, { ...rest, ...(node === undefined ? {} : { node_id: node }), ...(source === 'backup' ? { backup_id: backup } : {}) });
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await start();
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
        <Segments label={w.source.label} chosen={source} onChoose={setSource} choices={SOURCES.map((id) => ({ id, name: w.source.name[id] }))} />
        <p class="small soft">{w.source.does[source]}</p>
        {!isScan && (
          <Loaded query={query} lines={1}>
            {() => (nodes.length === 0 ? null : (
              <SelectField
                label={w.source.node} value={node ?? ''} onValue={setChosen} {...(nodes.length > 1 ? { hint: w.source.nodeHint } : {})}
                options={nodes.map((one) => ({ value: one.logical_node_id, name: nodeName(one) }))}
              />
            ))}
          </Loaded>
        )}
        {source === 'backup' && (
          <TextField
            label={w.source.backup} mono required maxLength={BACKUP_MAX} value={backup} onValue={setBackup} hint={w.source.backupHint}
            error={backup === '' || isBackup(backup) ? undefined : w.source.backupError}
          />
        )}
        <OptionsForm draft={draft} errors={errors} onDraft={isScan ? setScanned : setOffline} withMeasures={isScan} />
        {isActive && <p class="field-error" role="status">{w.error.reason.busy}</p>}
        {error !== undefined && <Failure error={error} />}
        <div class="actions end">
          <Button onPress={onClose}>{w.cancel}</Button>
          <Button submit look="primary" busy={busy} disabled={!ready}>{w.start}</Button>
        </div>
      </form>
    </Dialog>
  );
}
