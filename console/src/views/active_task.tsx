// A task that waits or runs: its live bar, and the button that ends it.

import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import type { Kind } from '../api/types';
import * as service from '../api/service';
import { words } from '../i18n';
import { Button } from '../parts/button';
import { Confirm } from '../parts/dialog';
import { LiveProgress } from '../parts/meter';
import { Failure, Loading } from '../parts/notice';
import { Section } from '../parts/page';
import { kindName, StatusTag } from '../parts/tag';
import { tell, tellFailure } from '../state/message';
import { useProgress } from '../state/progress';

interface ActiveTaskProps {
  instance: string;
  task: string;
  kind: Kind;
  /** The task ended, or is not there any more. */
  onEnd: () => void;
}

export function ActiveTask({ instance, task, kind, onEnd }: ActiveTaskProps) {
  const w = words();
  const { progress, missing } = useProgress(instance, task, onEnd);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const cancel = async (): Promise<void> => {
    setBusy(true);
    try {
      await service.deleteTask(instance, kind, task);
      tell(w.task.cancelled);
      onEnd();
    } catch (failure) {
      setError(failure as ApiError);
    }
    setBusy(false);
    setAsking(false);
  };
  if (missing) return null;
  return (
    <Section
      title={kindName(kind)}
      actions={(
        <>
          <StatusTag status={progress?.status ?? 'waiting'} />
          {service.canDelete(kind) && <Button small onPress={() => setAsking(true)}>{w.task.cancel}</Button>}
        </>
      )}
    >
      {error !== undefined && <Failure error={error} />}
      {progress === undefined ? <Loading lines={1} /> : <LiveProgress progress={progress} label={kindName(kind)} />}
      {asking && (
        <Confirm
          title={w.task.cancelTitle} text={w.task.cancelText} action={w.task.cancel} busy={busy}
          onConfirm={() => void cancel()} onClose={() => setAsking(false)}
        />
      )}
    </Section>
  );
}

/** Asks, deletes a finished task, and says so. */
export function DeleteTask({ instance, task, kind, small = true, onDeleted }:
  { instance: string; task: string; kind: Kind; small?: boolean; onDeleted: () => void }) {
  const w = words();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await service.deleteTask(instance, kind, task);
      tell(w.task.deleted);
      setAsking(false);
      onDeleted();
    } catch (failure) {
      tellFailure(w.task.notDeleted, failure);
      setAsking(false);
    }
    setBusy(false);
  };
  return (
    <>
      <Button small={small} look="quiet" onPress={() => setAsking(true)}>{w.delete}</Button>
      {asking && (
        <Confirm
          title={w.task.deleteTitle} text={w.task.deleteText} action={w.delete} busy={busy}
          onConfirm={() => void remove()} onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
