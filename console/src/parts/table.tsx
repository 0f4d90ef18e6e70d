// A plain table for short lists, and the steps through the pages of a long one. On a narrow page each row
// becomes a block, its cells named by `label`.

import type { ComponentChildren } from 'preact';
import { words } from '../i18n';
import { Button } from './button';
import { inCount } from './figure';

export interface PlainColumn<Row> {
  id: string;
  header: string;
  end?: boolean;
  cell: (row: Row) => ComponentChildren;
  /** The header is for screen readers only: a column of buttons. */
  silent?: boolean;
}

export function Table<Row>({ label, columns, rows, rowId }: {
  label: string; columns: readonly PlainColumn<Row>[]; rows: readonly Row[]; rowId: (row: Row) => string;
}) {
  return (
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ id, header, end, silent }) => (
            <th key={id} scope="col" class={end === true ? 'end' : undefined}>
              {silent === true ? <span class="hidden">{header}</span> : header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowId(row)}>
            {columns.map(({ id, header, end, cell, silent }) => (
              <td key={id} class={end === true ? 'end' : undefined} data-label={silent === true ? undefined : header}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Pager({ offset, limit, total, onOffset }:
  { offset: number; limit: number; total: number; onOffset: (offset: number) => void }) {
  const w = words();
  if (total <= limit && offset === 0) return null;
  return (
    <nav class="pager" aria-label={w.pages.label}>
      <span class="soft number">
        {w.pages.range(inCount(Math.min(offset + 1, total)), inCount(Math.min(offset + limit, total)), inCount(total))}
      </span>
      <Button small disabled={offset === 0} onPress={() => onOffset(Math.max(0, offset - limit))}>{w.pages.before}</Button>
      <Button small disabled={offset + limit >= total} onPress={() => onOffset(offset + limit)}>{w.pages.after}</Button>
    </nav>
  );
}
