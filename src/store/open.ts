/** The one place that loads Knex, so that a build can put a smaller one in its stead. */
import module from 'knex';

export const { knex } = module;
