// SPDX-License-Identifier: MIT
/*
 * Claims about the calls on files that programs make, corner by corner: what Linux's tmpfs answers, ours answers. Each scenario runs on both
 * and writes down what came; the texts must be the same. Without a tmpfs at /dev/shm the tests are skipped.
 */
#define _GNU_SOURCE
#include "file_oracle.h"

#include <sys/vfs.h>
#include <time.h>

#include <xenolith/boot.h>
#include <xenolith/path.h>

#include "vfs_fixture.h"

#define TMPFS_TYPE 0x01021994
#define NOTE_BYTES 20000

const struct file_calls *c;
static char *note; /* where it is written down */
static size_t noted;
static char *sandbox;
static int outside;

int own_raise(int number);

int own_raise(int number)
{
    (void)number;
    return 0;
}

void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    noted += (size_t)vsnprintf(note + noted, NOTE_BYTES - noted, format, arguments);
    va_end(arguments);
    assert_true(noted < NOTE_BYTES - 1);
}

long note_call(const char *call, long rc)
{
    if (rc == -1) {
        say("%s: %s\n", call, strerrorname_np(errno));
    } else {
        say("%s: %ld\n", call, rc);
    }
    return rc;
}

void make(const char *path, const char *content)
{
    int fd = c->open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(c->write(fd, content, strlen(content)), strlen(content));
    c->close(fd);
}

/* A file's own clock may be coarser than any other, and behind: it has to be seen moving, twice. */
static void tick_host(void)
{
    int fd = open("/clock", O_RDWR | O_CREAT, 0600);
    struct stat from, now;

    assert_true(fd >= 0);
    for (int moves = 0; moves < 2; moves++) {
        (void)fstat(fd, &from);
        do {
            (void)futimens(fd, NULL);
            (void)fstat(fd, &now);
        } while (now.st_ctim.tv_sec == from.st_ctim.tv_sec && now.st_ctim.tv_nsec == from.st_ctim.tv_nsec);
    }
    close(fd);
}

static void tick_ours(void)
{
    fake_clock_advance(10000000);
}

static const struct file_calls theirs = {
#define X(call, result, arguments) .call = call,
    FILE_CALLS(X)
#undef X
        .tick = tick_host,
};

static const struct file_calls ours = {
#define X(call, result, arguments) .call = own_##call,
    FILE_CALLS(X)
#undef X
        .tick = tick_ours,
};

static void run_on(const struct file_calls *side, const char *dir, void (*scenario)(void), char *text)
{
    c = side;
    note = text;
    noted = 0;
    c->umask(0);
    assert_int_equal(c->mkdir(dir, 0755), 0);
    assert_int_equal(c->chdir(dir), 0);
    scenario();
    assert_int_equal(c->chdir("/"), 0);
}

static void compare(void (*scenario)(void))
{
    static char their_text[NOTE_BYTES], our_text[NOTE_BYTES];
    static unsigned int nr;
    char dir[30], *a = their_text, *b = our_text, *end_a, *end_b;
    unsigned int differences = 0;

    if (sandbox == NULL) {
        skip();
    }
    snprintf(dir, sizeof(dir), "/scenario-%u", nr++);
    run_on(&theirs, dir, scenario, their_text);
    run_on(&ours, dir, scenario, our_text);
    while (*a != '\0' || *b != '\0') {
        end_a = a + strcspn(a, "\n");
        end_b = b + strcspn(b, "\n");
        if (end_a - a != end_b - b || memcmp(a, b, (size_t)(end_a - a)) != 0) {
            fprintf(stderr, "Linux: %.*s\nours:  %.*s\n", (int)(end_a - a), a, (int)(end_b - b), b);
            differences++;
        }
        a = end_a + (*end_a != '\0');
        b = end_b + (*end_b != '\0');
    }
    assert_int_equal(differences, 0);
}

#define SCENARIO(name)                 \
    static void name##_test(void **state) \
    {                                  \
        (void)state;                   \
        compare(name);                 \
    }

SCENARIO(opening)
SCENARIO(long_paths)
SCENARIO(reading_and_writing)
SCENARIO(renaming)
SCENARIO(removing_and_linking)
SCENARIO(directories_that_change)
SCENARIO(walking)
SCENARIO(times)
SCENARIO(modes)
SCENARIO(locking)
SCENARIO(fifos)
SCENARIO(room_and_copies)

static int boot(void **state)
{
    static char template[] = "/dev/shm/file-oracle-XXXXXX";
    struct statfs type;

    (void)state;
    fake_boot(65536);
    boot_info.nr_pages = 65536;
    if (statfs("/dev/shm", &type) != 0 || type.f_type != TMPFS_TYPE || mkdtemp(template) == NULL) {
        return 0;
    }
    outside = open("/", O_RDONLY | O_DIRECTORY);
    if (chroot(template) != 0) {
        rmdir(template);
        return 0;
    }
    assert_int_equal(chdir("/"), 0);
    sandbox = template;
    return 0;
}

static int clean_up(void **state)
{
    char command[100];

    (void)state;
    if (sandbox == NULL) {
        return 0;
    }
    snprintf(command, sizeof(command), "rm -rf %s", sandbox);
    return fchdir(outside) != 0 || chroot(".") != 0 || system(command) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_test),
        cmocka_unit_test(long_paths_test),
        cmocka_unit_test(reading_and_writing_test),
        cmocka_unit_test(renaming_test),
        cmocka_unit_test(removing_and_linking_test),
        cmocka_unit_test(directories_that_change_test),
        cmocka_unit_test(walking_test),
        cmocka_unit_test(times_test),
        cmocka_unit_test(modes_test),
        cmocka_unit_test(locking_test),
        cmocka_unit_test(fifos_test),
        cmocka_unit_test(room_and_copies_test),
    };

    return cmocka_run_group_tests(tests, boot, clean_up);
}
