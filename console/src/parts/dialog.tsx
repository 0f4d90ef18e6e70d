// A question over the page: the browser's own dialog, which keeps the focus inside and gives it back.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { words } from '../i18n';
import { Button } from './button';

export function Dialog({ title, onClose, children }:
  { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog} class="dialog" aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something that can not be taken back. */
export function Confirm({ title, text, action, busy = false, onConfirm, onClose }: {
  title: string; text: ComponentChildren; action: string; busy?: boolean; onConfirm: () => void; onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div class="actions end">
        <Button onPress={onClose}>{words().cancel}</Button>
        <Button look="danger" busy={busy} onPress={onConfirm}>{action}</Button>
      </div>
    </Dialog>
  );
}
