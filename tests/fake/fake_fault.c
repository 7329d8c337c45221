// SPDX-License-Identifier: MIT
/*
 * Failing allocations on purpose. The test programs are linked with --wrap for the functions below,
 * so that a call between object files comes here first.
 */
#include <fake.h>
#include <xenolith/heap.h>
#include <xenolith/page.h>

static unsigned int countdown;
static bool always, fired;

void fake_fail_after(unsigned int nr)
{
    countdown = nr;
    always = false;
    fired = false;
}

void fake_fail_always(void)
{
    always = true;
}

bool fake_fail_fired(void)
{
    return fired;
}

bool fake_fail_now(void)
{
    if (always) {
        return true;
    }
    if (countdown == 0 || --countdown > 0) {
        return false;
    }
    fired = true;
    return true;
}

#define WRAP(type, name, params, args)                \
    type __real_##name params;                        \
    type __wrap_##name params;                        \
    type __wrap_##name params                         \
    {                                                 \
        return fake_fail_now() ? NULL : __real_##name args; \
    }

WRAP(void *, page_alloc, (unsigned int order), (order))
WRAP(void *, page_alloc_exact, (size_t nr_pages), (nr_pages))
