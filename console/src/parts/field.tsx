// Form fields: a label, the control, a hint, and what is wrong with it.

import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => JSX.Element;
}

export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const described = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`]
    .filter((name) => name !== '').join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id, ...(described === '' ? {} : { 'aria-describedby': described }),
        ...(error === undefined ? {} : { 'aria-invalid': true }),
      })}
      {hint !== undefined && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error !== undefined && <p class="field-error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

interface TextProps extends Omit<FieldProps, 'children'> {
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'password' | 'number' | 'url' | 'time' | 'datetime-local' | 'search';
  autocomplete?: string;
  required?: boolean;
  min?: number;
  max?: number;
  maxLength?: number;
  placeholder?: string;
  mono?: boolean;
  list?: string;
}

export function TextField({ label, hint, error, value, onValue, mono = false, autocomplete = 'off', ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <input
          {...props} {...rest} class={mono ? 'input mono' : 'input'} value={value} autocomplete={autocomplete}
          spellcheck={false} autocapitalize="off" onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface Option {
  value: string;
  name: string;
}

export function SelectField({ label, hint, error, value, onValue, options }:
  Omit<FieldProps, 'children'> & { value: string; onValue: (value: string) => void; options: readonly Option[] }) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(props) => (
        <select {...props} class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.name}</option>)}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, hint, checked, onChecked, disabled = false }: {
  label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onChecked: (checked: boolean) => void; disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id} type="checkbox" checked={checked} disabled={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Several of a few: a group of check boxes. */
export function Checks<T extends string>({ label, choices, chosen, onChosen }: {
  label: string; choices: readonly { id: T; name: string; hint?: string }[]; chosen: readonly T[];
  onChosen: (chosen: T[]) => void;
}) {
  return (
    <fieldset class={choices.some(({ hint }) => hint !== undefined) ? 'checks' : 'checks short'}>
      <legend>{label}</legend>
      <div class="choices">
        {choices.map(({ id, name, hint }) => (
          <Check
            key={id} label={<bdi>{name}</bdi>} hint={hint} checked={chosen.includes(id)}
            onChecked={(checked) => onChosen(choices.map((one) => one.id)
              .filter((one) => (one === id ? checked : chosen.includes(one))))}
          />
        ))}
      </div>
    </fieldset>
  );
}
