/** The one place that loads Knex, so that a build can put a smaller one in its stead. */
import module, { type Knex } from 'knex';

/** An instance of Knex for a client by name, or by class. */
export function open(config: Omit<Knex.Config, 'client'> & { client: string | object }): Knex {
  return module.knex(config as Knex.Config);
}
