// Bars that fill: memory of an instance, progress of a task.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Progress } from '../api/types';
import { words } from '../i18n';
import { inBytes, inCount, inDuration, inShare, inShortCount } from './figure';

const WARN_AT = 0.8;
const BAD_AT = 0.95;

/** `value` from 0 to 1; undefined: nobody knows how far. The text beside it says what it means. */
function Bar({ value, tone, moving = false }: { value: number | undefined; tone: string; moving?: boolean }) {
  const fill = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (fill.current !== null) fill.current.style.inlineSize = `${Math.min(1, Math.max(0, value ?? 0)) * 100}%`;
  }, [value]);
  return (
    <span class={`meter tone-${tone}${value === undefined ? ' unknown' : ''}${moving ? ' moving' : ''}`} aria-hidden="true">
      <span class="meter-fill" ref={fill} />
    </span>
  );
}

export function MemoryMeter({ used, most }: { used: number | undefined; most: number | undefined }) {
  const w = words();
  if (used === undefined) return <span class="faint">{w.instance.memoryUnknown}</span>;
  if (most === undefined || most === 0) {
    return <span class="meter-text number" title={w.instance.noLimit}>{inBytes(used)}</span>;
  }
  const value = used / most;
  return (
    <span class="meter-row">
      <Bar value={value} tone={value >= BAD_AT ? 'bad' : value >= WARN_AT ? 'warn' : 'accent'} />
      <span class="meter-text number">{w.instance.memoryOf(inBytes(used), inBytes(most), inShare(used, most))}</span>
    </span>
  );
}

interface Far {
  status: string;
  keys_seen?: number | undefined;
  keys_total?: number | undefined;
}

const ratioOf = ({ status, keys_seen: seen, keys_total: total }: Far): number | undefined => {
  if (status === 'success') return 1;
  if (status === 'waiting') return 0;
  return seen === undefined || total === undefined || total === 0 ? undefined : Math.min(1, seen / total);
};

const farWords = (far: Far): string => {
  const w = words().progress;
  if (far.status === 'waiting') return w.waiting;
  if (far.keys_seen === undefined) return w.running;
  return far.keys_total === undefined || far.keys_total === 0 ? w.seen(inCount(far.keys_seen))
    : w.seenOf(inCount(far.keys_seen), inCount(far.keys_total), inShare(Math.min(far.keys_seen, far.keys_total), far.keys_total));
};

/** How far a task is, without its details. */
export function ProgressMeter({ far, label }: { far: Far; label: string }) {
  const ratio = ratioOf(far);
  return (
    <span
      class="meter-row" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100}
      aria-valuenow={ratio === undefined ? undefined : Math.round(ratio * 100)} aria-valuetext={farWords(far)}
    >
      <Bar value={ratio} tone="accent" moving={far.status === 'running'} />
      <span class="meter-text number">{farWords(far)}</span>
    </span>
  );
}

/** All that is known of a task under way. Every tenth part is read out, not every second. */
export function LiveProgress({ progress, label }: { progress: Progress; label: string }) {
  const w = words();
  const ratio = ratioOf(progress);
  const facts: [string, ComponentChildren][] = [];
  if (progress.keys_per_second !== undefined) {
    facts.push([w.progress.rate, w.progress.perSecond(inShortCount(progress.keys_per_second))]);
  }
  if (progress.remaining_seconds !== undefined) facts.push([w.progress.remaining, inDuration(progress.remaining_seconds)]);
  if (progress.cost?.paused_ms !== undefined) facts.push([w.progress.paused, inDuration(progress.cost.paused_ms / 1000)]);
  if (progress.cost?.latency_us !== undefined) {
    facts.push([w.progress.latency, w.progress.microseconds(inCount(progress.cost.latency_us))]);
  }
  if (progress.attempt !== undefined && progress.attempt > 1) facts.push([w.progress.attempt, inCount(progress.attempt)]);
  return (
    <div class="live">
      <ProgressMeter far={progress} label={label} />
      <span class="hidden" role="status">
        {ratio === undefined ? '' : w.progress.spoken(label, inShare(Math.floor(ratio * 10), 10))}
      </span>
      {progress.pause !== undefined && progress.status === 'running' && (
        <p class="small warn-text">{progress.pause === 'guard' ? w.progress.pauseGuard : w.progress.pauseCeiling}</p>
      )}
      {facts.length > 0 && (
        <dl class="facts inline">
          {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="number">{value}</dd></div>)}
        </dl>
      )}
      {progress.shards !== undefined && progress.shards.length > 1 && (
        <details class="small">
          <summary>{w.progress.shards(progress.shards.filter(({ state }) => state === 'done').length, progress.shards.length)}</summary>
          <ul class="shards">
            {progress.shards.map((shard) => (
              <li key={shard.shard}>
                <bdi class="shard-name">{shard.shard}</bdi>
                <ProgressMeter label={shard.shard} far={{ ...shard, status: shard.state === 'done' ? 'success' : shard.state }} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
