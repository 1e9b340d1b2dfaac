-- Once, on any node, when all three are there: the bus, who may use it, and whom HAProxy looks in as.
CREATE DATABASE atommq CHARACTER SET utf8mb4;
CREATE USER atommq IDENTIFIED BY 'change me';
GRANT ALL PRIVILEGES ON atommq.* TO atommq;
-- Without a password and without any privilege: it can see how the node stands, and nothing else.
CREATE USER haproxy;
