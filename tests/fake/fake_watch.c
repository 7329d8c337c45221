// SPDX-License-Identifier: MIT
/*
 * Watching a page: it is inaccessible; an access faults, runs the hook, and is then single-stepped with the page open.
 */
#define _GNU_SOURCE
#include <fake_watch.h>

#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <xenolith/types.h>

#define EFLAGS_TF 0x100

static char *watched;
static void (*hook)(unsigned int n);
static unsigned int accesses;
static struct sigaction old_segv, old_trap;

static void protect(int prot)
{
    if (mprotect(watched, PAGE_SIZE, prot) != 0) {
        perror("fake: mprotect of a watched page");
        abort();
    }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)watched;

    (void)sig;
    if (watched == NULL || offset >= PAGE_SIZE) {
        /* Not ours: the access is repeated and whoever was there before reports it. */
        sigaction(SIGSEGV, &old_segv, NULL);
        return;
    }
    protect(PROT_READ | PROT_WRITE);
    hook(accesses++);
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TF;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_EFL] &= ~EFLAGS_TF;
    if (watched != NULL) {
        protect(PROT_NONE);
    }
}

void fake_watch(void *page, void (*fn)(unsigned int n))
{
    struct sigaction segv = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction trap = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_NODEFER};

    assert(watched == NULL && ((uintptr_t)page & ~PAGE_MASK) == 0);
    watched = page;
    hook = fn;
    accesses = 0;
    sigaction(SIGSEGV, &segv, &old_segv);
    sigaction(SIGTRAP, &trap, &old_trap);
    protect(PROT_NONE);
}

unsigned int fake_watch_end(void)
{
    protect(PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGTRAP, &old_trap, NULL);
    watched = NULL;
    return accesses;
}
