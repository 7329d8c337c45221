// SPDX-License-Identifier: MIT
/*
 * The generator of random bytes. Its state is one key. Each refill makes a few blocks with it, takes the first bytes as the next key and
 * hands out the rest, which are wiped as they go: what was handed out cannot be found again in memory. At each refill the processor's
 * generator and the TSC are mixed in, so that two domains restored from one image go different ways.
 */
#include <xenolith/random.h>

#include <arch/cpu.h>

#include <xenolith/compiler.h>
#include <xenolith/string.h>
#include <xenolith/time.h>

#include "chacha20.h"

#define KEY_WORDS  8
#define BLOCKS     8
#define POOL_WORDS (BLOCKS * 16)

/* 256 bits from the processor at first; then a little at each refill. */
#define SEED_DRAWS 4

/* Without a generator in the processor: so many looks at the clock, whose low bits are all there is. */
#define CLOCK_LOOKS 64

static uint32_t key[KEY_WORDS];
static uint32_t pool[POOL_WORDS];
static size_t pool_left; /* bytes at the pool's end that were not handed out */
static bool started, seeded;

/* A memset() of what is not read again would be optimized away. */
static void wipe(void *area, size_t bytes)
{
    memset(area, 0, bytes);
    __asm__ volatile("" ::"r"(area) : "memory");
}

/* The key becomes a function of itself and of eight words that nobody can undo. */
static void absorb(const uint32_t words[KEY_WORDS])
{
    static const uint32_t nonce[3] = {0x73746972};
    uint32_t block[16];

    for (unsigned int i = 0; i < KEY_WORDS; i++) {
        key[i] ^= words[i];
    }
    chacha20_block(key, 0, nonce, block);
    memcpy(key, block, sizeof(key));
    wipe(block, sizeof(block));
}

static void stir_hardware(unsigned int draws)
{
    uint32_t words[KEY_WORDS] = {0};
    uint64_t now = cpu_tsc(), draw;

    for (unsigned int i = 0; i < draws; i++) {
        if (cpu_random(&draw)) {
            words[2 * i] ^= (uint32_t)draw;
            words[2 * i + 1] ^= (uint32_t)(draw >> 32);
            seeded = seeded || draws == SEED_DRAWS;
        }
    }
    words[6] ^= (uint32_t)now;
    words[7] ^= (uint32_t)(now >> 32);
    absorb(words);
    wipe(words, sizeof(words));
}

static void start(void)
{
    started = true;
    stir_hardware(SEED_DRAWS);
    for (unsigned int i = 0; i < CLOCK_LOOKS; i++) {
        uint64_t clocks[4] = {cpu_tsc(), time_monotonic_ns(), time_wall_ns(), cpu_tsc()};

        random_stir(clocks, sizeof(clocks));
    }
}

static void refill(void)
{
    static const uint32_t nonce[3];

    stir_hardware(1);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        chacha20_block(key, i, nonce, &pool[16 * i]);
    }
    memcpy(key, pool, sizeof(key));
    wipe(pool, sizeof(key));
    pool_left = sizeof(pool) - sizeof(key);
}

bool random_is_seeded(void)
{
    if (!started) {
        start();
    }
    return seeded;
}

void random_fill(void *buf, size_t bytes)
{
    char *to = buf;

    if (!started) {
        start();
    }
    while (bytes > 0) {
        size_t part;
        char *from;

        if (pool_left == 0) {
            refill();
        }
        part = MIN(bytes, pool_left);
        from = (char *)pool + sizeof(pool) - pool_left;
        memcpy(to, from, part);
        wipe(from, part);
        pool_left -= part;
        to += part;
        bytes -= part;
    }
}

void random_stir(const void *from, size_t bytes)
{
    const char *at = from;

    while (bytes > 0) {
        uint32_t words[KEY_WORDS] = {0};
        size_t part = MIN(bytes, sizeof(words));

        memcpy(words, at, part);
        absorb(words);
        at += part;
        bytes -= part;
    }
    wipe(pool, sizeof(pool));
    pool_left = 0;
}
