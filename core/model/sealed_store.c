/* Walks by primary key, and a compare-and-set. */
#include "model/sealed_store.h"

#include "model/access_key.h"
#include "model/instance.h"
#include "model/webhook.h"

#define FOUND                                                                                      \
    "SELECT project_id, id, sealed IS NOT NULL, "                                                  \
    "CASE WHEN substr(sealed, 1, 9) <> $2::bytea THEN sealed END FROM chunk "
#define ROW_LIST(table, column)                                                                    \
    "WITH chunk AS (SELECT project_id, id, " column " AS sealed FROM " table " "                   \
    "    WHERE (project_id, id) > ($4::uuid, $1::uuid) ORDER BY project_id, id "                   \
    "    LIMIT $3::bigint) " FOUND "ORDER BY project_id, id"
#define ROW_REPLACE(table, column)                                                                 \
    "UPDATE " table " SET " column " = $4::bytea WHERE project_id = $1::uuid AND id = $2::uuid "   \
    "AND " column " = $3::bytea RETURNING id"

_Static_assert(SECRET_HEAD_LENGTH == 9, "what is compared of a blob");

static const struct pg_statement access_key_sealed_list = {
    "access_key_sealed_list",
    "WITH chunk AS (SELECT project_id, id, sealed_secret AS sealed FROM access_key "
    "    WHERE id > $1::text ORDER BY id LIMIT $3::bigint) " FOUND "ORDER BY id",
    3, PG_WRITES};

static const struct pg_statement access_key_sealed_replace = {
    "access_key_sealed_replace",
    "UPDATE access_key SET sealed_secret = $4::bytea WHERE id = $2::text "
    "AND project_id IS NOT DISTINCT FROM $1::uuid AND sealed_secret = $3::bytea RETURNING id",
    4, PG_WRITES};

static const struct pg_statement instance_password_list = {
    "instance_password_list", ROW_LIST("instance", "sealed_password"), 4, PG_WRITES};
static const struct pg_statement instance_password_replace = {
    "instance_password_replace", ROW_REPLACE("instance", "sealed_password"), 4, PG_WRITES};

static const struct pg_statement instance_tls_key_list = {
    "instance_tls_key_list", ROW_LIST("instance", "sealed_tls_key"), 4, PG_WRITES};
static const struct pg_statement instance_tls_key_replace = {
    "instance_tls_key_replace", ROW_REPLACE("instance", "sealed_tls_key"), 4, PG_WRITES};

static const struct pg_statement webhook_secret_list = {
    "webhook_secret_list", ROW_LIST("webhook", "sealed_secret"), 4, PG_WRITES};
static const struct pg_statement webhook_secret_replace = {
    "webhook_secret_replace", ROW_REPLACE("webhook", "sealed_secret"), 4, PG_WRITES};

const struct sealed_column sealed_columns[] = {
    {&access_key_sealed_list, &access_key_sealed_replace, access_key_secret_owner, false},
    {&instance_password_list, &instance_password_replace, instance_password_owner, true},
    {&instance_tls_key_list, &instance_tls_key_replace, instance_tls_key_owner, true},
    {&webhook_secret_list, &webhook_secret_replace, webhook_secret_owner, true},
};
const size_t sealed_column_count = sizeof(sealed_columns) / sizeof(sealed_columns[0]);
