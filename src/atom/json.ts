export const writeJsonFeed = (_: unknown) => '{}';
export const writeJsonEntry = (_: unknown, __: unknown) => '{}';
export const writeNdjson = (_: unknown) => '{}\n';
