// The kinds of scans, in the order of core/model/include/model/scan_kind.h.

export const KINDS = ['bigkey', 'hotkey', 'expired', 'analysis', 'offline'];

// As statements take them, and as an instance has what it can do.
export const KNOWN = KINDS.join(',');
export const CAPABLE = `{${KNOWN}}`;
