// SPDX-License-Identifier: MIT
/*
 * Claims about TCP through the port: segments leave as large frames that hold exactly the bytes that were written, in order, however often the
 * device has no room and whatever is lost; memory is free only when the drivers that were given it are done with it, and never when one of
 * them is caught reading on.
 */
#include <lwip/udp.h>

#include "net_tcp_fixture.h"

static void large_frames_hold_the_stream(void **state)
{
    unsigned int large = 0, rounds = 0;

    open_connection();
    while (got_bytes < STREAM) {
        assert_true(rounds++ < 10000);
        write_some(STREAM - written < 100000 ? STREAM - written : 1 + fake_random_below(100000));
        for (unsigned int i = 0; i < nr_frames; i++) {
            large += frames[i]->gso_type == NETDEV_GSO_TCP4;
        }
        take_frames();
        finish_sends();
        send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    }
    assert_memory_equal(got, stream, STREAM);
    assert_true(large > 10);
    close_connection();
}

static void no_room_loses_nothing(void **state)
{
    unsigned int rounds = 0;

    open_connection();
    while (got_bytes < STREAM) {
        assert_true(rounds++ < 100000);
        room = (unsigned int)fake_random_below(3);
        write_some(STREAM - written < 50000 ? STREAM - written : 1 + fake_random_below(50000));
        if (fake_random_below(2) == 0) {
            room = (unsigned int)fake_random_below(4);
            netdev_tx_ready(&device);
        }
        take_frames();
        finish_sends();
        if (fake_random_below(3) == 0) {
            send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
        }
        room = UINT32_MAX;
        netdev_tx_ready(&device);
    }
    assert_memory_equal(got, stream, STREAM);
    close_connection();
}

/* Every third frame is lost; the peer acknowledges what it has, inside a large frame too. */
static void losses_are_sent_again(void **state)
{
    unsigned int rounds = 0;

    open_connection();
    while (got_bytes < STREAM / 4) {
        size_t before = got_bytes;

        assert_true(rounds++ < 20000);
        write_some(STREAM / 4 - written);
        for (unsigned int i = 0; i < nr_frames; i++) {
            if (fake_random_below(3) == 0) {
                free(frames[i]);
                memmove(&frames[i], &frames[i + 1], (--nr_frames - i) * sizeof(frames[0]));
            }
        }
        take_frames();
        finish_sends();
        if (got_bytes > before + 5000 && fake_random_below(2) == 0) {
            got_bytes = before + 3000; /* the end of it came broken */
        }
        send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
        if (got_bytes == before) {
            thread_sleep_ns(300 * NS_PER_MS);
        }
    }
    assert_memory_equal(got, stream, STREAM / 4);
    close_connection();
}

static unsigned int freed;

static void on_free(struct net_deferred *d)
{
    freed++;
}

static void memory_is_free_when_the_driver_is_done(void **state)
{
    struct net_deferred d = {.fn = on_free, .from = stream, .bytes = STREAM};

    open_connection();
    finish_sends();
    freed = 0;
    net_lock();
    net_defer(&d);
    net_unlock();
    assert_int_equal(freed, 1); /* nothing is under way */
    write_some(20000);
    take_frames();
    send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    net_lock();
    net_defer(&d);
    net_unlock();
    assert_true(nr_under_way > 0);
    assert_int_equal(freed, 1);
    finish_sends();
    assert_int_equal(freed, 2);
    close_connection();
}

static struct netdev second;

static void finish_sends_of(const struct netdev *dev, int status)
{
    for (unsigned int i = 0; i < nr_under_way;) {
        struct netdev_tx *tx = under_way[i];

        if (container_of(tx, struct tx_packet, tx)->ni->dev != dev) {
            i++;
            continue;
        }
        memmove(under_way + i, under_way + i + 1, (--nr_under_way - i) * sizeof(*under_way));
        tx->done(tx, status);
    }
}

static void send_by_second(const void *bytes, uint16_t nr)
{
    const ip_addr_t to = IPADDR4_INIT_BYTES(255, 255, 255, 255);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, 0, PBUF_RAM), *data = pbuf_alloc(PBUF_RAW, nr, PBUF_ROM);
    struct udp_pcb *pcb;

    net_lock();
    pcb = udp_new();
    ip_set_option(pcb, SOF_BROADCAST);
    data->payload = (void *)(uintptr_t)bytes;
    pbuf_cat(p, data);
    assert_int_equal(net_udp_send(pcb, p, &to, 9, &((struct net_interface *)second.user)->netif, NULL),
                     ERR_OK);
    pbuf_free(p);
    udp_remove(pcb);
    net_unlock();
}

static void a_backend_that_stands_still_holds_its_own(void **state)
{
    static uint8_t other[1200];
    struct net_deferred sent = {.fn = on_free, .from = stream, .bytes = 20000};
    struct net_deferred held = {.fn = on_free, .from = other + 100, .bytes = 1};
    struct net_deferred all = {.fn = on_free, .bytes = SIZE_MAX};

    vif_ip = "10.0.7.1/24";
    second = device;
    memcpy(second.name, "eth1", 5);
    second.mac[5]++;
    second.user = NULL;
    second.carrier = false;
    netdev_add(&second);
    netdev_set_carrier(&second, true);
    thread_sleep_ns(3 * NS_PER_SEC);
    finish_sends();
    open_connection();
    finish_sends();
    freed = 0;
    send_by_second(other, sizeof(other));
    write_some(20000);
    take_frames();
    send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    net_lock();
    net_defer(&held);
    net_defer(&sent);
    net_defer(&all);
    net_unlock();
    assert_int_equal(freed, 0);
    finish_sends_of(&device, 0);
    assert_int_equal(freed, 1);
    write_some(20000); /* and life goes on */
    take_frames();
    send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    net_lock();
    net_defer(&sent);
    net_unlock();
    finish_sends_of(&device, 0);
    assert_int_equal(freed, 2);
    finish_sends_of(&second, 0);
    assert_int_equal(freed, 4);
    close_connection();
}

static void what_a_backend_reads_on_is_never_used_again(void **state)
{
    struct net_deferred sent = {.fn = on_free, .from = stream, .bytes = 20000};
    struct net_deferred other = {.fn = on_free, .from = stream + 65536, .bytes = 20000};
    struct net_deferred all = {.fn = on_free, .bytes = SIZE_MAX};
    struct net_stats stats;

    open_connection();
    finish_sends();
    freed = 0;
    write_some(20000);
    take_frames();
    send_segment(TCP_ACK, own_seq + 1 + (uint32_t)got_bytes, 65535, false);
    net_lock();
    net_defer(&sent);
    net_defer(&other);
    net_defer(&all);
    net_unlock();
    assert_int_equal(freed, 0);
    finish_sends_of(&device, -EBUSY);
    assert_int_equal(freed, 2);
    net_get_stats(&stats);
    assert_int_equal(stats.tx_memory_lost, 20000);
    close_connection();
    finish_sends();
    net_lock();
    net_defer(&sent); /* nor if it is asked for later */
    net_unlock();
    assert_int_equal(freed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(large_frames_hold_the_stream, connection_setup),
        cmocka_unit_test_setup(no_room_loses_nothing, connection_setup),
        cmocka_unit_test_setup(losses_are_sent_again, connection_setup),
        cmocka_unit_test_setup(memory_is_free_when_the_driver_is_done, connection_setup),
        cmocka_unit_test_setup(a_backend_that_stands_still_holds_its_own, connection_setup),
        cmocka_unit_test_setup(what_a_backend_reads_on_is_never_used_again, connection_setup),
    };

    make_stream();
    return cmocka_run_group_tests(tests, start_stack, NULL);
}
