/* The parts of an analysis' document that are told as tables, and the members of their entries. */
#ifndef MODEL_ANALYSIS_PART_H
#define MODEL_ANALYSIS_PART_H

#include <stdbool.h>

#include "base/text.h"

enum { ANALYSIS_PART_MEMBERS_MAX = 14, ANALYSIS_PART_MEMBER_NAME_MAX = 23 };

/* Where a part's entries are in the document, as text arrays of PostgreSQL, which never are empty:
 * of plain names, so that they are read elsewhere too. */
struct analysis_part {
    const char *name;
    const char *path;      /* of names of members, one in the other */
    const char *else_path; /* where the document has nothing there; null: nowhere */
    const char *nested;    /* the list in each entry that is meant instead; null: there is none */
    const char *members;   /* in the order of the columns; with `nested`, the outer entry's type */
};

/* Ended by a row without name. */
extern const struct analysis_part analysis_parts[];

/* Null where there is none of that name. */
const struct analysis_part *analysis_part_find(struct text name);

struct analysis_part_member {
    char name[ANALYSIS_PART_MEMBER_NAME_MAX + 1];
    bool is_text; /* all others are numbers, or true */
};

/* Takes an array of plain names apart; returns how many there are. */
int analysis_part_list(const char *names,
                       struct analysis_part_member ret_members[ANALYSIS_PART_MEMBERS_MAX]);

#endif
