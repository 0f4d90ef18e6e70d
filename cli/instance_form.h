/* What an instance is registered with: what was typed, laid over what there was. */
#ifndef CLI_INSTANCE_FORM_H
#define CLI_INSTANCE_FORM_H

#include "command.h"
#include "model/instance.h"

enum { INSTANCE_FORM_OWNED_MAX = 5 };

/* Text belongs to the command line, to the row that the form began with, or to the form; null where
 * there is none. */
struct instance_form {
    const char *name, *description, *cache_mode, *endpoints;
    const char *tls_ca, *tls_server_name, *username;
    const char *scan_profile, *address_map, *sentinel_master;
    const char *tls_certificate, *backup_directory;
    const char *sealed_password, *sealed_tls_key; /* as a bytea's text */
    bool tls, hotkeys_command;
    bool has_password;                    /* given, or there already */
    bool keep_password, keep_certificate; /* of an update: none was given */
    char *owned[INSTANCE_FORM_OWNED_MAX];
    int owned_count;
};

/* Takes the options of the command line, for that instance of that
 * project, and checks what comes of it;
 * an option without text takes away what there was.  Secrets are read from their files and sealed.
 * The form is released whether or not this succeeds. */
int instance_form_read(struct instance_form *form, struct cli *cli, const struct uuid *project,
                       const struct uuid *id, struct error *err);
void instance_form_release(struct instance_form *form);

/* Adds the parameters of instance_insert up to $18; the ids and the form must outlive them. */
void instance_form_add(const struct instance_form *form, const struct uuid *project,
                       const struct uuid *id, struct pg_parameters *parameters);

#endif
