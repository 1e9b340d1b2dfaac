/** Who asks, and what their credentials are limited to. */

/** What a caller may be allowed to do with a feed. */
export type Permission = 'read' | 'publish' | 'edit' | 'admin';

/** Whoever sent a request, as far as we know. */
export interface Caller {
  /** Undefined when nobody said who they are. */
  name: string | undefined;
  groups: readonly string[];
  /** The limits of credentials of their own: less than what the caller may do otherwise, never more. */
  scope?: {
    permissions: readonly Permission[];
    /** Patterns of feed names; undefined limits nothing. */
    feeds: readonly string[] | undefined;
  };
}
