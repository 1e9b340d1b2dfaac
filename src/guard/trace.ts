/** W3C Trace Context: the trace that a request is a part of, as its client says (`traceparent`). */

export interface Trace {
  /** 32 hexadecimal digits, the same in every log that the trace passes. */
  traceId: string;
  /** The client's own part of it, 16 hexadecimal digits. */
  parentId: string;
}

/** Version, trace, parent, flags; a version after ours may have more behind a dash (§2.2). */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;

/** @returns undefined for what is malformed, which counts for nothing */
export function traceOf(traceparent: string | undefined): Trace | undefined {
  if (traceparent === undefined || traceparent.length > 512) return undefined;
  const [, version, traceId = '', parentId = '', more] = FORM.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId };
}
