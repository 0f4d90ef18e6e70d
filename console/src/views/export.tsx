// Buttons that save what is shown as a file.

import { useState } from 'preact/hooks';
import { EXPORT_PARTS, type ExportPart } from '../api/types';
import * as service from '../api/service';
import type { FileFormat } from '../api/service';
import { words } from '../i18n';
import { Button } from '../parts/button';
import { SelectField } from '../parts/field';
import { save } from '../state/file';
import { tellFailure } from '../state/message';

const FORMATS: readonly FileFormat[] = ['csv', 'json'];

/** One button per format; `load` asks the service for the file. */
export function FileButtons({ name, load }: { name: string; load: (format: FileFormat) => Promise<Response> }) {
  const w = words();
  const [busy, setBusy] = useState<FileFormat | undefined>(undefined);
  const press = async (format: FileFormat): Promise<void> => {
    setBusy(format);
    try {
      await save(await load(format), `${name}.${format}`);
    } catch (failure) {
      tellFailure(w.file.failed, failure);
    }
    setBusy(undefined);
  };
  return (
    <>
      {FORMATS.map((format) => (
        <Button
          key={format} small busy={busy === format} label={w.file.save(format.toUpperCase())} onPress={() => void press(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
    </>
  );
}

export function ExportButtons({ instance, task, part }: { instance: string; task: string; part: ExportPart }) {
  return (
    <FileButtons name={`${part}-${task}`} load={(format) => service.exportTask(instance, task, format, part)} />
  );
}

/** Any part of an analysis, or all of it. */
export function ExportAnalysis({ instance, task }: { instance: string; task: string }) {
  const w = words();
  const [part, setPart] = useState<string>('');
  const chosen = part === '' ? undefined : part as ExportPart;
  const parts = [{ value: '', name: w.file.whole }, ...EXPORT_PARTS.map((one) => ({ value: one, name: w.part[one] }))];
  const [busy, setBusy] = useState(false);
  const whole = async (): Promise<void> => {
    setBusy(true);
    try {
      await save(await service.exportTask(instance, task, 'json'), `analysis-${task}.json`);
    } catch (failure) {
      tellFailure(w.file.failed, failure);
    }
    setBusy(false);
  };
  return (
    <div class="row bottom">
      <SelectField label={w.file.part} value={part} onValue={setPart} options={parts} />
      <div class="actions">
        {chosen === undefined
          ? <Button small busy={busy} label={w.file.save('JSON')} onPress={() => void whole()}>JSON</Button>
          : <ExportButtons instance={instance} task={task} part={chosen} />}
      </div>
    </div>
  );
}
