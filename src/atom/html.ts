export const HTML_POLICY = "default-src 'none'";
export const writeHtmlFeed = (_: unknown) => '';
export const writeHtmlEntry = (_: unknown, __: unknown, ___: unknown) => '';
export const writeHtmlService = (_: unknown, __: unknown) => '';
