/* The roles that are granted something; they are made by whoever runs the database. */
#include "model/database_role_store.h"

const struct pg_statement database_role_set = {
    "database_role_set",
    "INSERT INTO database_role (purpose, role) SELECT $1::text, rolname FROM pg_roles "
    "    WHERE rolname = $2::text "
    "ON CONFLICT (purpose) DO UPDATE SET role = excluded.role RETURNING role",
    2, PG_WRITES};
