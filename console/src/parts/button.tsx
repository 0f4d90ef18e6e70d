// Buttons, and links that look like them.

import type { ComponentChildren, JSX } from 'preact';

type Look = 'primary' | 'plain' | 'danger' | 'quiet';

interface ButtonProps {
  look?: Look;
  /** Something is under way: it can be pressed again only when that ended. */
  busy?: boolean;
  disabled?: boolean;
  submit?: boolean;
  small?: boolean;
  label?: string | undefined;
  title?: string | undefined;
  pressed?: boolean | undefined;
  onPress?: (event: JSX.TargetedMouseEvent<HTMLButtonElement>) => void;
  children?: ComponentChildren;
}

export function Button({
  look = 'plain', busy = false, disabled = false, submit = false, small = false, label, title, pressed, onPress, children,
}: ButtonProps) {
  return (
    <button
      type={submit ? 'submit' : 'button'} class={`button ${look}${small ? ' small' : ''}`} aria-label={label} title={title}
      aria-pressed={pressed} aria-busy={busy || undefined} disabled={disabled || busy} onClick={onPress}
    >
      {busy && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

export function ButtonLink({ href, look = 'plain', children }:
  { href: string; look?: Look; children: ComponentChildren }) {
  return <a class={`button ${look}`} href={href}>{children}</a>;
}

interface Choice<T extends string> {
  id: T;
  name: string;
}

/** One of a few, side by side. */
export function Segments<T extends string>({ label, choices, chosen, onChoose }:
  { label: string; choices: readonly Choice<T>[]; chosen: T; onChoose: (id: T) => void }) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(({ id, name }) => (
        <button type="button" key={id} class="segment" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}
