// SPDX-License-Identifier: MIT
/*
 * Thread-specific data. A thread that sets none has no table of values.
 */
#include "posix_priv.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_KEYS 128

/* Destructors may set values again; POSIX lets us stop trying after this many rounds. */
#define DESTRUCTOR_ROUNDS 4

struct key {
    bool used;
    void (*destructor)(void *value);
};

static struct key keys[MAX_KEYS];
static _Thread_local const void **values;

int pthread_key_create(pthread_key_t *out, void (*destructor)(void *))
{
    for (pthread_key_t key = 0; key < MAX_KEYS; key++) {
        if (!keys[key].used) {
            keys[key].used = true;
            keys[key].destructor = destructor;
            *out = key;
            return 0;
        }
    }
    return EAGAIN;
}

/* Values that other threads still have under @key would be seen under a later key of the same number; POSIX makes the
 * program see to that. */
int pthread_key_delete(pthread_key_t key)
{
    if (key >= MAX_KEYS || !keys[key].used) {
        return EINVAL;
    }
    keys[key].used = false;
    keys[key].destructor = NULL;
    if (values != NULL) {
        values[key] = NULL;
    }
    return 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= MAX_KEYS || !keys[key].used) {
        return EINVAL;
    }
    if (values == NULL) {
        values = calloc(MAX_KEYS, sizeof(*values));
        if (values == NULL) {
            return ENOMEM;
        }
    }
    values[key] = value;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    return values != NULL && key < MAX_KEYS ? (void *)values[key] : NULL;
}

static bool call_destructors(void)
{
    bool called = false;

    for (pthread_key_t key = 0; key < MAX_KEYS; key++) {
        void *value = (void *)values[key];

        values[key] = NULL;
        if (value != NULL && keys[key].destructor != NULL) {
            keys[key].destructor(value);
            called = true;
        }
    }
    return called;
}

void posix_keys_destroy(void)
{
    if (values == NULL) {
        return;
    }
    for (int round = 0; round < DESTRUCTOR_ROUNDS && call_destructors(); round++) {
    }
    free(values);
    values = NULL;
}
