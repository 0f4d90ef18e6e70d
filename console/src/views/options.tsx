// What an analysis measures and how it sums up, as it is typed: used to start one, and by schedules.

import { MEASURES, type AnalysisOptions, type Measure } from '../api/types';
import { words } from '../i18n';
import { Checks, TextField } from '../parts/field';

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

/** Without measures where these can not be chosen: all that is in a dump is measured. */
export function OptionsForm({ draft, errors, onDraft, withMeasures = true }:
  { draft: OptionsDraft; errors: DraftErrors; onDraft: (draft: OptionsDraft) => void; withMeasures?: boolean }) {
  const w = words().options;
  return (
    <>
      {withMeasures && (
        <Checks
          label={w.measures} chosen={draft.measures} onChosen={(measures) => onDraft({ ...draft, measures })}
          choices={MEASURES.map((id) => ({ id, name: w.measure[id], hint: w.measureHint[id] }))}
        />
      )}
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
