#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is new: a user who owns the planner's database and nothing more.
#
# A superuser, or one with BYPASSRLS, would pass the walls between clinics.
set -eu
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$PLANNER_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE planner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE planner OWNER planner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
SQL
