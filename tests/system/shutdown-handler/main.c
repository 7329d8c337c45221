// SPDX-License-Identifier: MIT
/*
 * Claim: a program that wants to be asked is asked, and decides itself how it ends.
 */
#include <stdio.h>

#include <xenolith/sched.h>
#include <xenolith/shutdown.h>
#include <xenolith/sync.h>

static struct semaphore asked = SEMAPHORE_INIT(asked, 0);
static enum shutdown_request request;

static void on_request(enum shutdown_request req)
{
    request = req;
    (void)semaphore_post(&asked);
}

int main(void)
{
    shutdown_set_handler(on_request);
    printf("ready\n");
    fflush(stdout);
    semaphore_wait(&asked);
    return request == SHUTDOWN_REQ_REBOOT ? 23 : 1;
}
