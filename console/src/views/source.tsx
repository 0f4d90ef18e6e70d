// Where the figures of an analysis come from: keys that were asked for, a node's replication stream, or a backup.

import type { AnalysisOrigin, Source, Sourced } from '../api/types';
import { words } from '../i18n';
import { Bytes, Count, When } from '../parts/figure';
import { Facts, Section } from '../parts/page';

export const sourceOf = ({ source }: Sourced): Source => source ?? 'scan';

/** Whether memory was worked out from a dump, not measured. */
export const isEstimate = (of: Sourced): boolean => sourceOf(of) !== 'scan';

export function roleName(role: string | undefined): string {
  const roles: Readonly<Record<string, string>> = words().source.role;
  return role === undefined ? '' : roles[role] ?? role;
}

/** In a line of text, for options. */
export const sourceText = (of: Sourced): string => [words().source.name[sourceOf(of)], of.backup_id ?? of.node?.name ?? '']
  .filter((part) => part !== '').join(' ');

/** "Replication stream · 10.0.0.7:6379 (replica)". */
export function SourceName({ of }: { of: Sourced }) {
  const { backup_id: backup, node } = of;
  return (
    <>
      {words().source.name[sourceOf(of)]}
      {backup !== undefined && <> · <bdi class="mono">{backup}</bdi></>}
      {node !== undefined && <span class="soft"> · <bdi>{node.name}</bdi> ({roleName(node.role)})</span>}
    </>
  );
}

/** What a dump says of the server that wrote it. */
export function Origin({ of }: { of: AnalysisOrigin }) {
  const w = words().origin;
  const { engine_version: version, created_at: at, used_memory: memory, replication_offset: offset } = of;
  return (
    <Section title={w.title}>
      <Facts items={[
        ...(version === undefined ? [] : [[w.version, <bdi>{version}</bdi>] as const]),
        [w.rdb, of.rdb_version],
        ...(at === undefined ? [] : [[w.written, <When at={at} />] as const]),
        ...(memory === undefined ? [] : [[w.memory, <Bytes value={memory} />] as const]),
        ...(offset === undefined ? [] : [[w.offset, <Count value={offset} />] as const]),
      ]}
      />
    </Section>
  );
}
