// A name of a key or prefix on the page: isolated from the text around it, nothing unseen, cut by the width
// and whole in the title.

import { useState } from 'preact/hooks';
import { pieces, plain } from '../format/name';
import { words } from '../i18n';
import { tell } from '../state/message';
import { Button } from './button';

// What a title may hold before a browser gives up on it.
const TITLE_MAX = 1000;

interface KeyNameProps {
  name: string;
  binary?: boolean | undefined;
  cut?: boolean | undefined;
  /** All of it, over as many lines as it takes. */
  whole?: boolean;
}

export function KeyName({ name, binary = false, cut = false, whole = false }: KeyNameProps) {
  const w = words();
  const title = plain(name, binary);
  return (
    <bdi class={whole ? 'key whole' : 'key'} dir="auto" title={whole ? undefined : title.slice(0, TITLE_MAX)}>
      {name === '' ? <span class="key-note">{w.key.empty}</span>
        : pieces(name, binary).map(({ kind, text }, i) =>
          (kind === 'text' ? text : <span key={i} class={`key-${kind}`} dir="ltr">{text}</span>))}
      {whole && binary && <span class="key-note"> {w.key.binary}</span>}
      {whole && cut && <span class="key-note"> {w.key.cut}</span>}
    </bdi>
  );
}

/** Puts a name, as the service sent it, into the clipboard. */
export function CopyName({ name }: { name: string }) {
  const w = words();
  const [busy, setBusy] = useState(false);
  const copy = async (): Promise<void> => {
    setBusy(true);
    try {
      await navigator.clipboard.writeText(name);
      tell(w.copied);
    } catch {
      tell(w.notCopied, 'bad');
    }
    setBusy(false);
  };
  return <Button busy={busy} onPress={() => void copy()}>{w.copy}</Button>;
}
