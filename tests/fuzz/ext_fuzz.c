// SPDX-License-Identifier: MIT
/*
 * File systems that somebody tampered with, and then every call there is: the fuzzer's bytes say which image, what is changed in it, and what is
 * done (tests/unit/ext_hostile.h).
 */
#include "../unit/ext_hostile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static bool made;

    if (!made) {
        hostile_make();
        made = true;
    }
    (void)hostile_run(data, bytes);
    return 0;
}
