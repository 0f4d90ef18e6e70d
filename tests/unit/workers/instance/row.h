/* A row of INSTANCE_TARGET_COLUMNS without a database. */
#ifndef TESTS_INSTANCE_ROW_H
#define TESTS_INSTANCE_ROW_H

#include <string.h>

#include "model/instance_store.h"

struct target_row {
    struct pg_value values[INSTANCE_TARGET_COLUMN_COUNT];
    struct pg_rows rows;
};

static inline void target_row_set(struct target_row *row, int column, const char *text)
{
    row->values[column] = (struct pg_value){text, text ? (int)strlen(text) : 0};
}

static inline void target_row_init(struct target_row *row, const char *endpoints,
                                   const char *cache_mode)
{
    *row = (struct target_row){0};
    row->rows = (struct pg_rows){1, INSTANCE_TARGET_COLUMN_COUNT, row->values, NULL};
    target_row_set(row, INSTANCE_TARGET_NAME, "name");
    target_row_set(row, INSTANCE_TARGET_ENDPOINTS, endpoints);
    target_row_set(row, INSTANCE_TARGET_CACHE_MODE, cache_mode);
    target_row_set(row, INSTANCE_TARGET_ENABLE_SSL, "f");
    target_row_set(row, INSTANCE_TARGET_HOTKEYS_COMMAND, "f");
}

#endif
