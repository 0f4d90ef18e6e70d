// The progress of a task as it happens: by server-sent events while they come, by asking every two seconds
// where they do not. A browser opens six connections to an HTTP/1.1 server at most, so only a few streams are
// held at a time; whoever comes later asks.

import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { eventsOf } from '../api/events';
import * as service from '../api/service';
import type { Progress } from '../api/types';
import { connection, epoch } from './connection';

const STREAMS_MAX = 2;
const ASK_MS = 2000;
// The service sends a comment every 15 seconds.
const SILENCE_MS = 40_000;

let streams = 0;

export const isFinal = (status: string): boolean => status === 'success' || status === 'failed';

interface Watch {
  instance: string;
  task: string;
  signal: AbortSignal;
  tell: (progress: Progress) => void;
}

/** Whether the end was told. */
async function stream({ instance, task, signal, tell }: Watch): Promise<boolean> {
  if (streams >= STREAMS_MAX) return false;
  streams++;
  try {
    for await (const { event, data } of eventsOf(await service.progressEvents(instance, task, signal), SILENCE_MS)) {
      if (event !== 'progress' && event !== 'end') continue;
      const progress = JSON.parse(data) as Progress;
      tell(progress);
      if (event === 'end' || isFinal(progress.status)) return true;
    }
  } catch (error) {
    if (isMissing(error)) throw error;
  } finally {
    streams--;
  }
  return false;
}

const isMissing = (error: unknown): boolean =>
  error instanceof ApiError && [401, 403, 404].includes(error.status);

const pause = (signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  const timer = setTimeout(resolve, ASK_MS);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

async function ask({ instance, task, tell }: Watch): Promise<boolean> {
  const progress = await service.progress(instance, task);
  tell(progress);
  return isFinal(progress.status);
}

// Tries the stream, asks once whatever came of it, and begins again until the task has ended.
async function watch(what: Watch): Promise<void> {
  while (!what.signal.aborted) {
    if (connection.peek() !== 'gone') {
      try {
        if (await stream(what) || (!what.signal.aborted && await ask(what))) return;
      } catch (error) {
        if (isMissing(error)) throw error;
      }
    }
    await pause(what.signal);
  }
}

export interface Watched {
  progress: Progress | undefined;
  /** The task is not there any more: it was cancelled or removed. */
  missing: boolean;
}

/** Follows a task from when the component is shown; `onEnd` is called when it ended or went. */
export function useProgress(instance: string, task: string | undefined, onEnd?: () => void): Watched {
  const [watched, setWatched] = useState<Watched>({ progress: undefined, missing: false });
  const revived = epoch.value;
  useEffect(() => {
    setWatched((before) => (before.progress?.id === task ? before : { progress: undefined, missing: false }));
    if (task === undefined) return undefined;
    const abort = new AbortController();
    const tell = (progress: Progress): void => {
      if (!abort.signal.aborted) setWatched({ progress, missing: false });
    };
    watch({ instance, task, signal: abort.signal, tell }).then(() => {
      if (!abort.signal.aborted) onEnd?.();
    }, () => {
      if (abort.signal.aborted) return;
      setWatched({ progress: undefined, missing: true });
      onEnd?.();
    });
    return () => abort.abort();
  }, [instance, task, revived]);
  return watched;
}
