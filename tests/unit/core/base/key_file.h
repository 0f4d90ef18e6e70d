/* Key files for tests: in memory only. */
#ifndef UNIT_CORE_BASE_KEY_FILE_H
#define UNIT_CORE_BASE_KEY_FILE_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keyring.h"
#include "unit.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

enum { KEY_FILE_PATH_MAX = 64 };

/* Its descriptor, to be closed; the path is good until then. */
static inline int key_file_open(char ret_path[KEY_FILE_PATH_MAX])
{
    int file = memfd_create("keys", MFD_CLOEXEC);
    assert_true(file >= 0);
    snprintf(ret_path, KEY_FILE_PATH_MAX, "/proc/self/fd/%d", file);
    return file;
}

static inline void key_file_write(int file, const char *content, mode_t mode)
{
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(pwrite(file, content, strlen(content), 0), (ssize_t)strlen(content));
    assert_int_equal(fchmod(file, mode), 0);
}

static inline int key_file_load(const char *content, mode_t mode, struct keyring **ret_keyring,
                                struct error *err)
{
    char path[KEY_FILE_PATH_MAX];
    int file = key_file_open(path);
    key_file_write(file, content, mode);
    int status = keyring_load(path, ret_keyring, err);
    close(file);
    return status;
}

static inline struct keyring *keyring_of(const char *content)
{
    struct error err = {0};
    struct keyring *keyring = NULL;
    assert_int_equal(key_file_load(content, 0600, &keyring, &err), 0);
    assert_non_null(keyring);
    return keyring;
}

#endif
