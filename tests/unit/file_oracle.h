// SPDX-License-Identifier: MIT
/*
 * What the scenarios of file_oracle_test.c share: the side that is asked, and the note of what it answered.
 */
#ifndef FILE_ORACLE_H
#define FILE_ORACLE_H

#include "unit.h"

#include <errno.h>

#include "file_calls.h"

/** c - The calls of the side that is being asked. */
extern const struct file_calls *c;

/** say() - Write down. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** note_call() - Write down a call with its result, or the error's name for -1. */
long note_call(const char *call, long rc);

#define TRY(call) (errno = 0, note_call(#call, (long)(c->call)))

/** make() - A file with that content. */
void make(const char *path, const char *content);

/* file_oracle_names.c, file_oracle_data.c */
void opening(void);
void long_paths(void);
void renaming(void);
void removing_and_linking(void);
void directories_that_change(void);
void walking(void);
void reading_and_writing(void);
void times(void);
void modes(void);
void locking(void);
void fifos(void);
void room_and_copies(void);

#endif
