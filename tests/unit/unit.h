// SPDX-License-Identifier: MIT
/*
 * cmocka with what it wants included before it, and the fake machine.
 */
#ifndef XENOLITH_UNIT_H
#define XENOLITH_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fake.h>

#endif
