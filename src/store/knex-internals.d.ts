/** The insides of Knex that make an instance of one dialect; pinned with Knex, which does not publish them. */
declare module 'knex/lib/dialects/sqlite3/index.js' {
  import type { Knex } from 'knex';

  const Client: new (config: Knex.Config) => Knex.Client;
  export default Client;
}

declare module 'knex/lib/dialects/postgres/index.js' {
  import type { ClientClass } from './server.js';

  const Client: ClientClass;
  export default Client;
}

declare module 'knex/lib/dialects/cockroachdb/index.js' {
  import type { ClientClass } from './server.js';

  const Client: ClientClass;
  export default Client;
}

declare module 'knex/lib/dialects/mssql/index.js' {
  import type { ClientClass } from './server.js';

  const Client: ClientClass;
  export default Client;
}

declare module 'knex/lib/dialects/oracledb/index.js' {
  import type { ClientClass } from './server.js';

  const Client: ClientClass;
  export default Client;
}

declare module 'knex/lib/dialects/mysql2/index.js' {
  import type { ClientClass } from './server.js';

  const Client: ClientClass;
  export default Client;
}

declare module 'knex/lib/knex-builder/make-knex.js' {
  import type { Knex } from 'knex';
  export default function makeKnex(client: Knex.Client): Knex;
}
