/** What an option is. */

export interface Option<T> {
  /** As a flag; `page_size` in a file, `ATOMMQ_PAGE_SIZE` in the environment, `pageSize` in a program. */
  name: string;
  default: T;
  help: string;
  /** @throws BadValue */
  parse: (value: unknown) => T;
  /** The words that it takes, for the completion of shells. */
  values?: readonly string[];
  /** It names a file. */
  file?: true;
  /** Neither printed nor quoted in an error. */
  secret?: true;
  /** The flag takes no value. */
  flag?: true;
}

/** Options by their names in programs. */
export type Options = Record<string, Option<unknown>>;

export const MIB = 1024 * 1024;
