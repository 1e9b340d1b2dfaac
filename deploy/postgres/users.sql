-- Once, on the primary, as its administrator: the bus, who may use it, who copies it, and whom HAProxy looks in as.
CREATE ROLE atommq LOGIN PASSWORD 'change me';
CREATE DATABASE atommq OWNER atommq ENCODING 'UTF8' TEMPLATE template0;
CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'change me too';
-- What `rejoin` asks for, and what pg_rewind calls.
GRANT pg_checkpoint TO replicator;
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text),
  pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;
-- Sees who replicates from here; reads no tables.
CREATE ROLE haproxy LOGIN CONNECTION LIMIT 20;
GRANT pg_read_all_stats TO haproxy;
