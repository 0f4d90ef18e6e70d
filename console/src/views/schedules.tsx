// When scans start by themselves. The service keeps times of day in UTC; each is shown in the zone of the
// browser too, with the day where that is another, and can be typed in either.

import { useState } from 'preact/hooks';
import type { AnalysisOptions, DailySchedule, ExpireSchedule } from '../api/types';
import * as service from '../api/service';
import type { DailyKind } from '../api/service';
import { inputOf, localOf, localZone, minutesOf, nextAt, offsetName, shifts, timeOfInput, utc, utcOf, type TimeOfDay } from '../format/time';
import { words } from '../i18n';
import { Button, Segments } from '../parts/button';
import { Check, SelectField, TextField } from '../parts/field';
import { inDuration, inMoment, When } from '../parts/figure';
import { Failure, Loaded, Notice } from '../parts/notice';
import { Section } from '../parts/page';
import { tell } from '../state/message';
import { useQuery } from '../state/query';
import { draftOf, errorsOf, OptionsForm, optionsOf } from './options';
import type { TabProps } from './instance';

const TIMES_MAX = 24;
const KEYS_LEAST = 10;

type Zone = 'local' | 'utc';

interface FormProps {
  instance: string;
  zone: Zone;
  onSaved: () => void;
}

const inDay = ({ time, day }: TimeOfDay): string => {
  const w = words().schedules;
  return day === 0 ? time : `${time} ${day > 0 ? w.dayAfter : w.dayBefore}`;
};

function TimeChip({ time, zone, onRemove }: { time: string; zone: Zone; onRemove: () => void }) {
  const w = words().schedules;
  const local = inDay(localOf(time, Date.now()));
  const title = w.next(inMoment(nextAt(time, Date.now())));
  return (
    <li class="chip" title={title}>
      <span class="number"><strong>{zone === 'utc' ? time : local}</strong> {zone === 'utc' ? 'UTC' : w.local}</span>
      <span class="number soft small">{zone === 'utc' ? `${local} ${w.local}` : `${time} UTC`}</span>
      <Button small look="quiet" label={w.remove(`${time} UTC`)} onPress={onRemove}>×</Button>
    </li>
  );
}

function Times({ times, zone, onTimes }: { times: readonly string[]; zone: Zone; onTimes: (times: string[]) => void }) {
  const w = words().schedules;
  const [text, setText] = useState('');
  const typed = minutesOf(text) === undefined ? undefined : zone === 'utc' ? { time: text, day: 0 } : utcOf(text, Date.now());
  const add = (): void => {
    if (typed === undefined) return;
    onTimes([...new Set([...times, typed.time])].sort());
    setText('');
  };
  const other = typed === undefined ? undefined
    : zone === 'utc' ? `${inDay(localOf(text, Date.now()))} ${w.local}` : `${inDay(typed)} UTC`;
  return (
    <div class="stack">
      {times.length === 0 ? <p class="soft small">{w.noTimes}</p> : (
        <ul class="chips" aria-label={w.times}>
          {times.map((time) => <TimeChip key={time} time={time} zone={zone} onRemove={() => onTimes(times.filter((one) => one !== time))} />)}
        </ul>
      )}
      <div class="row bottom">
        <TextField label={zone === 'utc' ? w.timeUtc : w.timeLocal(localZone())} type="time" value={text} onValue={setText} />
        <Button disabled={typed === undefined || times.length >= TIMES_MAX} onPress={add}>{w.add}</Button>
        {other !== undefined && <span class="soft small number after" role="status">= {other}</span>}
      </div>
    </div>
  );
}

interface SaveProps {
  ready: boolean;
  updatedAt: string | undefined;
  save: () => Promise<unknown>;
  onSaved: () => void;
}

function Save({ ready, updatedAt, save, onSaved }: SaveProps) {
  const w = words();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const press = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await save();
      tell(w.schedules.saved);
      onSaved();
    } catch (failure) {
      setError(failure as Error);
    }
    setBusy(false);
  };
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <div class="actions spread">
        <span class="soft small">{updatedAt !== undefined && <>{w.schedules.updated} <When at={updatedAt} /></>}</span>
        <Button look="primary" busy={busy} disabled={!ready} onPress={() => void press()}>{w.save}</Button>
      </div>
    </>
  );
}

function DailyForm({ instance, kind, zone, onSaved, of }: FormProps & { kind: DailyKind; of: DailySchedule }) {
  const w = words();
  const [enabled, setEnabled] = useState(of.enable_auto_scan);
  const [times, setTimes] = useState<string[]>(of.schedule_at);
  const [draft, setDraft] = useState(draftOf(of.options));
  const errors = kind === 'analysis' ? errorsOf(draft) : {};
  const options: { options?: AnalysisOptions } = kind === 'analysis' ? { options: optionsOf(draft) } : {};
  const ready = Object.keys(errors).length === 0 && (!enabled || times.length > 0);
  return (
    <div class="stack">
      <Check label={w.schedules.enabled} checked={enabled} onChecked={setEnabled} />
      <Times times={times} zone={zone} onTimes={setTimes} />
      {kind === 'analysis' && (
        <details>
          <summary>{w.schedules.options}</summary>
          <div class="stack"><OptionsForm draft={draft} errors={errors} onDraft={setDraft} /></div>
        </details>
      )}
      <Save
        ready={ready} updatedAt={of.updated_at} onSaved={onSaved}
        save={() => service.putDailySchedule(instance, kind, { enable_auto_scan: enabled, schedule_at: times, ...options })}
      />
    </div>
  );
}

function Daily({ kind, ...props }: FormProps & { kind: DailyKind }) {
  const w = words();
  const query = useQuery(`schedule ${kind} ${props.instance}`, () => service.dailySchedule(props.instance, kind));
  return (
    <Section title={w.kind[kind]}>
      <Loaded query={query}>
        {(of) => (
          <DailyForm
            key={of.updated_at ?? ''} {...props} kind={kind} of={of}
            onSaved={() => {
              query.reload();
              props.onSaved();
            }}
          />
        )}
      </Loaded>
    </Section>
  );
}

type Unit = '1' | '60' | '3600' | '86400';
const UNITS: readonly Unit[] = ['86400', '3600', '60', '1'];

interface Length {
  figure: string;
  unit: Unit;
}

const lengthOf = (seconds: number): Length => {
  const unit = UNITS.find((one) => seconds > 0 && seconds % Number(one) === 0) ?? '1';
  return { figure: String(seconds / Number(unit)), unit };
};

const secondsOf = ({ figure, unit }: Length): number | undefined => (/^\d{1,9}$/.test(figure) ? Number(figure) * Number(unit) : undefined);

function LengthField({ label, hint, error, length, onLength }:
  { label: string; hint?: string; error?: string | undefined; length: Length; onLength: (length: Length) => void }) {
  const w = words().schedules;
  return (
    <div class="row start">
      <TextField label={label} hint={hint} error={error} type="number" min={0} value={length.figure} onValue={(figure) => onLength({ ...length, figure })} />
      <SelectField
        label={w.unit} value={length.unit} onValue={(unit) => onLength({ ...length, unit: unit as Unit })}
        options={UNITS.map((value) => ({ value, name: w.units[value] }))}
      />
    </div>
  );
}

const zoneName = (zone: Zone): string => (zone === 'utc' ? 'UTC' : localZone());

function ExpireForm({ instance, zone, onSaved, of }: FormProps & { of: ExpireSchedule }) {
  const w = words();
  const [enabled, setEnabled] = useState(of.enable_auto_scan);
  const [first, setFirst] = useState<number | undefined>(of.first_scan_at === undefined ? undefined : Date.parse(of.first_scan_at));
  const [interval, chooseInterval] = useState(lengthOf(of.interval ?? 86_400));
  const [timeout, chooseTimeout] = useState(lengthOf(of.timeout ?? 172_800));
  const [keys, setKeys] = useState(String(of.scan_keys_count ?? 1000));
  const [every, limit] = [secondsOf(interval), secondsOf(timeout)];
  const s = w.schedules;
  const firstError = first !== undefined && first <= Date.now() ? s.firstPast : undefined;
  const everyError = every === undefined ? s.notNumber : undefined;
  const limitError = limit === undefined || every === undefined ? s.notNumber : limit < Math.max(2, every * 2) ? s.timeoutShort(inDuration(Math.max(2, every * 2))) : undefined;
  const keysError = /^\d{1,9}$/.test(keys) && Number(keys) >= KEYS_LEAST ? undefined : s.keysLeast(KEYS_LEAST);
  const complete = first !== undefined && firstError === undefined && everyError === undefined && limitError === undefined && keysError === undefined;
  const body = (): ExpireSchedule => ({
    enable_auto_scan: enabled,
    ...(complete ? {
      first_scan_at: new Date(first).toISOString(), interval: every as number, timeout: limit as number, scan_keys_count: Number(keys),
    } : {}),
  });
  return (
    <div class="stack">
      <Check label={s.enabled} checked={enabled} onChecked={setEnabled} />
      <TextField
        label={s.first(zoneName(zone))} type="datetime-local" value={first === undefined ? '' : inputOf(first, zoneName(zone))}
        onValue={(text) => setFirst(timeOfInput(text, zoneName(zone)))} error={enabled ? firstError : undefined}
        hint={first === undefined ? s.firstHint : `${utc(first)} = ${inMoment(first)} ${offsetName(first)}`}
      />
      <LengthField label={s.interval} hint={s.intervalHint} error={everyError} length={interval} onLength={chooseInterval} />
      <LengthField label={s.timeout} hint={s.timeoutHint} error={limitError} length={timeout} onLength={chooseTimeout} />
      <TextField label={s.keys} hint={s.keysHint} type="number" min={KEYS_LEAST} value={keys} onValue={setKeys} error={keysError} />
      <Save ready={!enabled || complete} updatedAt={of.updated_at} onSaved={onSaved} save={() => service.putExpireSchedule(instance, body())} />
    </div>
  );
}

function Expire(props: FormProps) {
  const w = words();
  const query = useQuery(`schedule expired ${props.instance}`, () => service.expireSchedule(props.instance));
  return (
    <Section title={w.kind.expired}>
      <Loaded query={query}>
        {(of) => (
          <ExpireForm
            key={of.updated_at ?? ''} {...props} of={of}
            onSaved={() => {
              query.reload();
              props.onSaved();
            }}
          />
        )}
      </Loaded>
    </Section>
  );
}

export function Schedules({ instance, onChange }: TabProps) {
  const w = words();
  const now = Date.now();
  const [zone, setZone] = useState<Zone>('local');
  const props: FormProps = { instance: instance.id, zone, onSaved: onChange };
  return (
    <>
      <div class="tools">
        <Segments
          label={w.schedules.zone} chosen={zone} onChoose={setZone}
          choices={[{ id: 'local', name: `${localZone()} (${offsetName(now)})` }, { id: 'utc', name: 'UTC' }]}
        />
      </div>
      {shifts(now) && <Notice>{w.schedules.shifts(localZone())}</Notice>}
      <div class="columns">
        <Daily {...props} kind="analysis" />
        <Daily {...props} kind="bigkey" />
        <Daily {...props} kind="hotkey" />
        <Expire {...props} />
      </div>
    </>
  );
}
