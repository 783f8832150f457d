#!/bin/bash
# Runs once, when the database server makes its files: Machi's database, its owner, and the reader for Grafana.
# Passwords come from the environment and appear on no command line.
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password MACHI_DATABASE_PASSWORD
\getenv reader_password MACHI_GRAFANA_DATABASE_PASSWORD
create role machi login createrole password :'owner_password'; -- makes the roles that read one tenant by SQL
create role machi_reader nologin;
create role machi_grafana login password :'reader_password' in role machi_reader;
alter role machi_grafana set default_transaction_read_only = on;
alter role machi_grafana set statement_timeout = '30s';
create database machi owner machi template template0 encoding 'UTF8'
    locale_provider builtin builtin_locale 'C.UTF-8' locale 'C';
revoke connect, temporary on database machi from public;
grant connect on database machi to machi_grafana;
\connect machi
create extension if not exists timescaledb;
SQL
