// What a view reads from the service: loaded when it is shown, read anew when asked, at an interval, and when
// the service came back. What was read last stays on the page while the next answer is awaited or fails.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { connection, epoch } from './connection';
import { onSignOut } from './session';

export interface Query<T> {
  data: T | undefined;
  error: ApiError | Error | undefined;
  loading: boolean;
  reload: () => void;
}

interface Options {
  /** Milliseconds between two readings; undefined: only when asked. Not while the page is hidden. */
  every?: number | undefined;
  /** Nothing is read while false. */
  enabled?: boolean;
  /** What was read under the last name stays until there is an answer to this one: a list that is searched. */
  hold?: boolean;
}

// The last answers, so that going back shows at once what was there. Bounded, and empty after signing out.
const KEPT = 24;
const kept = new Map<string, unknown>();
onSignOut(() => kept.clear());

function keep(name: string, data: unknown): void {
  kept.delete(name);
  kept.set(name, data);
  const oldest = kept.keys().next();
  if (kept.size > KEPT && oldest.done !== true) kept.delete(oldest.value);
}

interface State<T> {
  name: string;
  data: T | undefined;
  error: ApiError | Error | undefined;
  loading: boolean;
}

// What is read at an interval has mostly not changed; then nothing below is drawn again.
const isSame = (before: State<unknown>, name: string, data: unknown): boolean =>
  before.name === name && before.data !== undefined && JSON.stringify(before.data) === JSON.stringify(data);

/** The value as it was when it had not changed for a moment: what is typed is not asked for letter by letter. */
export function useSettled<T>(value: T, milliseconds = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** `name` says what is read: another name is another reading, and starts it. */
export function useQuery<T>(name: string, read: () => Promise<T>, { every, enabled = true, hold = false }: Options = {}): Query<T> {
  const [state, setState] = useState<State<T>>({ name: '', data: undefined, error: undefined, loading: true });
  const [asked, setAsked] = useState(0);
  const reader = useRef(read);
  reader.current = read;
  const revived = epoch.value;

  const shownFor = (before: State<T>): T | undefined =>
    (before.name === name ? before.data : kept.get(name) as T | undefined ?? (hold ? before.data : undefined));

  useEffect(() => {
    if (!enabled) return undefined;
    let current = true;
    let timer: number | undefined;
    const wait = (): void => {
      if (every !== undefined) timer = setTimeout(() => void load(), every) as unknown as number;
    };
    const load = async (): Promise<void> => {
      // Asking at an interval is pointless while nobody looks, or while nobody would answer.
      if ((document.hidden || connection.peek() === 'gone') && kept.has(name)) {
        wait();
        return;
      }
      try {
        const data = await reader.current();
        if (!current) return;
        keep(name, data);
        setState((before) => ({
          name, data: every !== undefined && isSame(before, name, data) ? before.data : data, error: undefined, loading: false,
        }));
      } catch (error) {
        if (!current) return;
        setState((before) => ({ name, data: shownFor(before), error: error as Error, loading: false }));
      }
      wait();
    };
    setState((before) => ({ name, data: shownFor(before), error: undefined, loading: true }));
    void load();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [name, every, enabled, asked, revived]);

  const reload = useCallback(() => setAsked((before) => before + 1), []);
  if (state.name === name) return { data: state.data, error: state.error, loading: state.loading, reload };
  return { data: shownFor(state), error: undefined, loading: true, reload };
}
