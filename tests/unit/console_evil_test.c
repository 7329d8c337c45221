// SPDX-License-Identifier: MIT
/*
 * A backend that writes nonsense into the console's ring costs it the ring and no more.
 */
#include "console_fixture.h"

static void evil_out_cons_costs_the_ring(void **state)
{
    static const uint32_t lies[] = {1, 2049, 0x80000000, 0xfffff000};

    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        fresh_console();
        ring->out_cons = ring->out_prod + lies[i];
        if (lies[i] == 0xfffff000) {
            ring->out_cons = ring->out_prod - 2049;
        }
        assert_int_equal(console_write("over there\n", 11), 11);
        assert_non_null(strstr(hypervisor_screen, "backend wrote out_cons"));
        assert_non_null(strstr(hypervisor_screen, "over there\n"));
        assert_true(port_masked);
        console_flush();
        nr_hypervisor = 0;
        console_write_atomic("and this\n", 9);
        assert_string_equal(hypervisor_screen, "and this\n");
    }
}

static void evil_in_prod_costs_the_ring(void **state)
{
    char c;

    fresh_console();
    ring->in_prod = ring->in_cons + 1025;
    assert_int_equal(console_read(&c, 1), -EIO);
    assert_non_null(strstr(hypervisor_screen, "backend wrote in_prod"));
    assert_true(console_input_ready());
    assert_int_equal(console_read(&c, 1), -EIO);
}

static bool evil_run(void)
{
    uint64_t r = fake_random();

    switch (r % 16) {
    case 0:
        ring->out_cons = (uint32_t)(r >> 32);
        break;
    case 1:
        ring->in_prod = (uint32_t)(r >> 32);
        break;
    case 2:
        ring->out_prod = (uint32_t)(r >> 32);
        break;
    case 3:
        ring->in_cons = (uint32_t)(r >> 32);
        break;
    case 4:
        ring->out_cons = console.out_prod - (uint32_t)((r >> 32) % 4096);
        break;
    case 5:
        ring->in_prod = console.in_cons + (uint32_t)((r >> 32) % 2048);
        break;
    default:
        ring->out_cons = console.out_prod - (uint32_t)((r >> 32) % 2049);
        ring->in_prod = console.in_cons + (uint32_t)((r >> 48) % 1025);
        for (int i = 0; i < 8; i++) {
            ring->in[fake_random_below(sizeof(ring->in))] = (char)fake_random();
        }
        break;
    }
    event_pending = true;
    fake_upcall_raise();
    return true;
}

static void evil_reader(void *arg)
{
    char buf[300];

    while (console.ring != NULL) {
        long n = console_read(buf, 1 + fake_random_below(sizeof(buf)));

        assert_true((n >= 0 && n <= (long)sizeof(buf)) || n == -EIO);
        console_set_mode(fake_random() & 1, fake_random() & 1);
    }
}

static void evil_writer(void *arg)
{
    char buf[5000];

    memset(buf, '\n', sizeof(buf));
    while (console.ring != NULL) {
        console_write(buf, fake_random_below(sizeof(buf)));
        console_write_atomic(buf, fake_random_below(300));
        console_flush();
    }
}

static void random_indices_never_corrupt_or_hang(void **state)
{
    for (int i = 0; i < 2000; i++) {
        struct thread *reader, *writing;

        fresh_console();
        fake_idle_set(evil_run);
        assert_int_equal(thread_create(&reader, "reader", evil_reader, NULL, 0), 0);
        assert_int_equal(thread_create(&writing, "writer", evil_writer, NULL, 0), 0);
        thread_join(reader);
        thread_join(writing);
        assert_null(console.ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evil_out_cons_costs_the_ring),
        cmocka_unit_test(evil_in_prod_costs_the_ring),
        cmocka_unit_test(random_indices_never_corrupt_or_hang),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
