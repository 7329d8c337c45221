// SPDX-License-Identifier: MIT
/*
 * What libext2fs needs of libuuid (lib/fs/ext_needs.c has it).
 */
#ifndef _UUID_UUID_H
#define _UUID_UUID_H

typedef unsigned char uuid_t[16];

int uuid_is_null(const uuid_t uuid);
void uuid_unparse(const uuid_t uuid, char *out);
void uuid_generate(uuid_t out);

#endif
