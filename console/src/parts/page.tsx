// The frame of a page's contents: its title, which takes the focus when the page changes, and its sections.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '../i18n';

interface PageProps {
  title: string;
  /** Shown in place of the plain title. */
  heading?: ComponentChildren;
  /** Beside the title. */
  actions?: ComponentChildren;
  /** Below the title. */
  meta?: ComponentChildren;
  children: ComponentChildren;
}

// The first page of a session leaves the focus where the browser put it.
let shownBefore = false;

export function Page({ title, heading, actions, meta, children }: PageProps) {
  const top = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${words().product}`;
  }, [title]);
  useEffect(() => {
    if (shownBefore) top.current?.focus({ preventScroll: true });
    shownBefore = true;
    scrollTo(0, 0);
  }, []);
  return (
    <>
      <header class="page-head">
        <div class="page-title">
          <h1 ref={top} tabIndex={-1}>{heading ?? title}</h1>
          {meta}
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

export function Section({ title, actions, note, children }: {
  title: string; actions?: ComponentChildren; note?: ComponentChildren; children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {note !== undefined && <p class="card-note">{note}</p>}
      {children}
    </section>
  );
}

/** Figures with what they are, side by side. */
export function Figures({ items }: { items: readonly { name: string; value: ComponentChildren; note?: ComponentChildren }[] }) {
  return (
    <dl class="figures">
      {items.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="figure">{value}</dd>
          {note !== undefined && <dd class="small soft">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}

export function Facts({ items }: { items: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {items.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}
