// SPDX-License-Identifier: MIT
/*
 * Mutexes exclude, are handed on in order and survive time-outs; condition variables and semaphores
 * lose no signal and no token, whatever comes at the same moment; misuse panics.
 */
#include "journal_fixture.h"

#include <xenolith/errno.h>
#include <xenolith/sync.h>
#include <xenolith/timer.h>

static struct mutex mutex = MUTEX_INIT(mutex);
static struct cond cond = COND_INIT(cond);
static struct semaphore sem = SEMAPHORE_INIT(sem, 0);

static int group_setup(void **state)
{
    fake_boot(8192);
    return 0;
}

static int setup(void **state)
{
    journal_begin();
    return 0;
}

static int teardown(void **state)
{
    assert_null(mutex.owner);
    assert_true(list_is_empty(&mutex.waiters.waiters));
    assert_true(list_is_empty(&cond.waiters.waiters));
    assert_true(list_is_empty(&sem.waiters.waiters));
    assert_int_equal(sem.count, 0);
    assert_int_equal(timer_next_deadline(), TIME_FOREVER);
    return 0;
}

/* ---- Mutexes ---- */

static void lock_and_log(void *arg)
{
    mutex_lock(&mutex);
    log_char(*(const char *)arg);
    thread_yield();
    log_char((char)(*(const char *)arg - 'a' + 'A'));
    mutex_unlock(&mutex);
}

static void a_mutex_excludes_and_goes_to_the_longest_waiter(void **state)
{
    struct thread *a, *b, *c;

    mutex_lock(&mutex);
    a = make(lock_and_log, "a");
    b = make(lock_and_log, "b");
    c = make(lock_and_log, "c");
    thread_yield();
    assert_string_equal(journal, "");
    mutex_unlock(&mutex);
    assert_false(mutex_trylock(&mutex)); /* handed on already: nobody jumps the queue */
    assert_false(mutex_is_mine(&mutex));
    thread_join(c);
    thread_join(b);
    thread_join(a);
    assert_string_equal(journal, "aAbBcC");
}

static void recursion_counts(void **state)
{
    struct thread *a;

    mutex_lock_recursive(&mutex);
    mutex_lock_recursive(&mutex);
    assert_true(mutex_trylock_recursive(&mutex));
    assert_false(mutex_trylock(&mutex));
    a = make(lock_and_log, "a");
    mutex_unlock(&mutex);
    mutex_unlock(&mutex);
    thread_yield();
    assert_string_equal(journal, "");
    mutex_unlock(&mutex);
    thread_join(a);
    assert_string_equal(journal, "aA");
}

static void recursive_waiter(void *arg)
{
    mutex_lock_recursive(&mutex);
    mutex_lock_recursive(&mutex);
    log_char('r');
    mutex_unlock(&mutex);
    assert_true(mutex_is_mine(&mutex));
    mutex_unlock(&mutex);
}

static void a_recursive_lock_waits_too(void **state)
{
    struct thread *t;

    mutex_lock(&mutex);
    t = make(recursive_waiter, "t");
    thread_yield();
    assert_string_equal(journal, "");
    mutex_unlock(&mutex);
    thread_join(t);
    assert_string_equal(journal, "r");
}

static void misuse_of_a_mutex_panics(void **state)
{
    mutex_lock(&mutex);
    assert_true(fake_panics(mutex_lock(&mutex)));
    assert_int_equal(mutex_lock_until(&mutex, TIME_FOREVER), -EDEADLK);
    mutex_unlock(&mutex);
    assert_true(fake_panics(mutex_unlock(&mutex)));
}

static void unlocks_what_it_does_not_own(void *arg)
{
    if (fake_panics(mutex_unlock(&mutex))) {
        log_char('p');
    }
}

static void only_the_owner_unlocks(void **state)
{
    struct thread *t;

    mutex_lock(&mutex);
    t = make(unlocks_what_it_does_not_own, "t");
    thread_join(t);
    assert_string_equal(journal, "p");
    mutex_unlock(&mutex);
}

static void lock_for_100ns(void *arg)
{
    int rc = mutex_lock_until(&mutex, fake_now_ns + 100);

    log_char(rc == 0 ? *(const char *)arg : '-');
    assert_true(rc == 0 || rc == -ETIMEDOUT);
    assert_int_equal(mutex_is_mine(&mutex), rc == 0);
    if (rc == 0) {
        mutex_unlock(&mutex);
    }
}

static void a_timed_lock_gives_up_in_time(void **state)
{
    struct thread *a, *b;
    uint64_t began = fake_now_ns;

    mutex_lock(&mutex);
    a = make(lock_for_100ns, "a");
    b = make(lock_and_log, "b");
    thread_join(a);
    assert_int_equal(fake_now_ns, began + 100);
    assert_string_equal(journal, "-");
    mutex_unlock(&mutex);
    thread_join(b);
    assert_string_equal(journal, "-bB");
}

static void a_lock_that_is_past_its_deadline_still_tries(void **state)
{
    assert_int_equal(mutex_lock_until(&mutex, 0), 0);
    mutex_unlock(&mutex);
}

/* Called in the very pass of the scheduler that also times the waiter out. */
static void yield_main(void *arg)
{
    *(int *)arg += 1;
}

static void a_hand_over_after_the_time_out_goes_to_the_next(void **state)
{
    struct thread *a, *b;
    struct timer marker;
    int passes = 0;

    mutex_lock(&mutex);
    a = make(lock_for_100ns, "a");
    b = make(lock_and_log, "b");
    thread_yield();
    /*
     * Time passes while we run: at the unlock a's timer has not run yet, so the mutex goes to a, in
     * time or not.
     */
    fake_clock_advance(150);
    mutex_unlock(&mutex);
    assert_ptr_equal(mutex.owner, a);
    thread_join(a);
    thread_join(b);
    assert_string_equal(journal, "abB");

    /* Now its timer runs first, and a is runnable, but has not run, when we unlock. */
    journal[0] = '\0';
    mutex_lock(&mutex);
    a = make(lock_for_100ns, "a");
    thread_yield();
    b = make(lock_and_log, "b");
    thread_yield();
    timer_init(&marker, yield_main, &passes);
    timer_arm(&marker, fake_now_ns + 120);
    fake_clock_advance(150);
    timer_run_expired();
    assert_int_equal(passes, 1);
    mutex_unlock(&mutex);
    assert_ptr_equal(mutex.owner, b);
    thread_join(a);
    thread_join(b);
    assert_string_equal(journal, "-bB");
}

/* ---- Condition variables ---- */

static int ready;

static void consume(void *arg)
{
    mutex_lock(&mutex);
    while (ready == 0) {
        cond_wait(&cond, &mutex);
        assert_true(mutex_is_mine(&mutex));
    }
    ready--;
    log_char(*(const char *)arg);
    mutex_unlock(&mutex);
}

static void signal_wakes_one_and_broadcast_all(void **state)
{
    struct thread *a = make(consume, "a");
    struct thread *b = make(consume, "b");
    struct thread *c = make(consume, "c");

    ready = 0;
    thread_yield();
    mutex_lock(&mutex);
    ready = 1;
    cond_signal(&cond);
    mutex_unlock(&mutex);
    thread_join(a);
    assert_string_equal(journal, "a");
    mutex_lock(&mutex);
    ready = 2;
    cond_broadcast(&cond);
    mutex_unlock(&mutex);
    thread_join(b);
    thread_join(c);
    assert_string_equal(journal, "abc");
}

static void a_timed_wait_comes_back_with_the_mutex(void **state)
{
    uint64_t began = fake_now_ns;

    mutex_lock(&mutex);
    assert_int_equal(cond_wait_until(&cond, &mutex, began + 55), -ETIMEDOUT);
    assert_true(mutex_is_mine(&mutex));
    assert_int_equal(fake_now_ns, began + 55);
    mutex_unlock(&mutex);
}

static void timed_consume(void *arg)
{
    mutex_lock(&mutex);
    while (ready == 0) {
        if (cond_wait_until(&cond, &mutex, fake_now_ns + 100) != 0) {
            log_char('-');
            mutex_unlock(&mutex);
            return;
        }
    }
    ready--;
    log_char(*(const char *)arg);
    mutex_unlock(&mutex);
}

static void a_signal_is_not_spent_on_one_that_timed_out(void **state)
{
    struct thread *a = make(timed_consume, "a");
    struct thread *b = make(consume, "b");

    ready = 0;
    thread_yield();
    fake_clock_advance(150);
    timer_run_expired(); /* a has timed out, but not run */
    mutex_lock(&mutex);
    ready = 1;
    cond_signal(&cond); /* a does not look again: were it woken, b would wait for ever */
    mutex_unlock(&mutex);
    thread_join(a);
    thread_join(b);
    assert_string_equal(journal, "-b");
}

static void waiting_without_the_mutex_panics(void **state)
{
    assert_true(fake_panics(cond_wait(&cond, &mutex)));
    mutex_lock_recursive(&mutex);
    mutex_lock_recursive(&mutex);
    assert_true(fake_panics(cond_wait(&cond, &mutex))); /* it could not be released */
    mutex_unlock(&mutex);
    mutex_unlock(&mutex);
}

/* ---- Semaphores ---- */

static void take(void *arg)
{
    semaphore_wait(&sem);
    log_char(*(const char *)arg);
}

static void a_semaphore_counts(void **state)
{
    assert_false(semaphore_trywait(&sem));
    assert_int_equal(semaphore_post(&sem), 0);
    assert_int_equal(semaphore_post(&sem), 0);
    assert_true(semaphore_trywait(&sem));
    semaphore_wait(&sem);
    assert_false(semaphore_trywait(&sem));
    assert_int_equal(semaphore_wait_until(&sem, 0), -ETIMEDOUT);
    sem.count = UINT32_MAX;
    assert_int_equal(semaphore_post(&sem), -EOVERFLOW);
    sem.count = 0;
}

static void a_token_goes_to_the_longest_waiter_and_cannot_be_snatched(void **state)
{
    struct thread *a = make(take, "a");
    struct thread *b = make(take, "b");

    thread_yield();
    assert_int_equal(semaphore_post(&sem), 0);
    assert_false(semaphore_trywait(&sem));
    thread_join(a);
    assert_string_equal(journal, "a");
    assert_int_equal(semaphore_post(&sem), 0);
    thread_join(b);
    assert_string_equal(journal, "ab");
}

static void post_event(void *arg)
{
    assert_int_equal(semaphore_post(&sem), 0);
}

static void an_upcall_may_post(void **state)
{
    uint64_t began = fake_now_ns;

    fake_event_at(began + 30, post_event, NULL);
    semaphore_wait(&sem);
    assert_int_equal(fake_now_ns, began + 30);
    fake_event_at(fake_now_ns, post_event, NULL);
    assert_true(semaphore_trywait(&sem));
}

static void take_for_100ns(void *arg)
{
    int rc = semaphore_wait_until(&sem, fake_now_ns + 100);

    assert_true(rc == 0 || rc == -ETIMEDOUT);
    log_char(rc == 0 ? *(const char *)arg : '-');
}

static void a_post_in_the_moment_of_the_time_out_is_not_lost(void **state)
{
    struct thread *a = make(take_for_100ns, "a");
    struct thread *b;

    /* Timed out but not run yet, and nobody else waits: it takes the token after all. */
    thread_yield();
    fake_clock_advance(150);
    timer_run_expired();
    assert_int_equal(semaphore_post(&sem), 0);
    thread_join(a);
    assert_string_equal(journal, "a");

    /* With somebody else waiting, the token is theirs. */
    a = make(take_for_100ns, "a");
    thread_yield();
    b = make(take, "b");
    thread_yield();
    fake_clock_advance(150);
    timer_run_expired();
    assert_int_equal(semaphore_post(&sem), 0);
    thread_join(a);
    thread_join(b);
    assert_string_equal(journal, "a-b");
}

/* ---- All at once, with random times ---- */

#define WORKERS 30
#define STEPS   200

static int inside;
static long balance; /* tokens posted less tokens taken */
static long shared;
static long expected_shared;

static void posted_by_event(void *arg)
{
    balance++;
    assert_int_equal(semaphore_post(&sem), 0);
}

static void work_under_mutex(void)
{
    long before;

    assert_int_equal(inside, 0);
    inside++;
    before = shared;
    if (fake_random_below(2)) {
        thread_sleep_ns(fake_random_below(50));
    } else {
        thread_yield();
    }
    shared = before + 1;
    expected_shared++;
    inside--;
}

static void worker(void *arg)
{
    for (int i = 0; i < STEPS; i++) {
        switch (fake_random_below(6)) {
        case 0:
            mutex_lock(&mutex);
            work_under_mutex();
            mutex_unlock(&mutex);
            break;
        case 1:
            if (mutex_lock_until(&mutex, time_deadline_ns(fake_random_below(300))) == 0) {
                work_under_mutex();
                cond_signal(&cond);
                mutex_unlock(&mutex);
            }
            break;
        case 2:
            mutex_lock(&mutex);
            (void)cond_wait_until(&cond, &mutex, time_deadline_ns(fake_random_below(300)));
            work_under_mutex();
            mutex_unlock(&mutex);
            break;
        case 3:
            fake_event_at(fake_now_ns + fake_random_below(200), posted_by_event, NULL);
            break;
        case 4:
            if (semaphore_wait_until(&sem, time_deadline_ns(fake_random_below(200))) == 0) {
                balance--;
                assert_true(balance >= 0);
            }
            break;
        default:
            balance++;
            assert_int_equal(semaphore_post(&sem), 0);
            break;
        }
    }
}

static void a_crowd_loses_nothing(void **state)
{
    struct thread *t[WORKERS];

    (void)fake_seed();
    fake_clock_step_ns = 3;
    inside = 0;
    balance = shared = expected_shared = 0;
    for (int i = 0; i < WORKERS; i++) {
        t[i] = make(worker, "w");
    }
    for (int i = 0; i < WORKERS; i++) {
        thread_join(t[i]);
    }
    fake_clock_advance(NS_PER_SEC);
    assert_int_equal(shared, expected_shared);
    assert_true(shared > WORKERS * STEPS / 6);
    assert_int_equal(sem.count, balance);
    while (semaphore_trywait(&sem)) {
        balance--;
    }
    assert_int_equal(balance, 0);
}

#define sync_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        sync_test(a_mutex_excludes_and_goes_to_the_longest_waiter),
        sync_test(recursion_counts),
        sync_test(a_recursive_lock_waits_too),
        sync_test(misuse_of_a_mutex_panics),
        sync_test(only_the_owner_unlocks),
        sync_test(a_timed_lock_gives_up_in_time),
        sync_test(a_lock_that_is_past_its_deadline_still_tries),
        sync_test(a_hand_over_after_the_time_out_goes_to_the_next),
        sync_test(signal_wakes_one_and_broadcast_all),
        sync_test(a_timed_wait_comes_back_with_the_mutex),
        sync_test(a_signal_is_not_spent_on_one_that_timed_out),
        sync_test(waiting_without_the_mutex_panics),
        sync_test(a_semaphore_counts),
        sync_test(a_token_goes_to_the_longest_waiter_and_cannot_be_snatched),
        sync_test(an_upcall_may_post),
        sync_test(a_post_in_the_moment_of_the_time_out_is_not_lost),
        sync_test(a_crowd_loses_nothing),
    };

    return cmocka_run_group_tests_name("sync", tests, group_setup, NULL);
}
