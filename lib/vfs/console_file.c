// SPDX-License-Identifier: MIT
/*
 * The console as a file: what descriptors 0, 1 and 2 name at the start. Owns no state of its own.
 */
#include <xenolith/console.h>
#include <xenolith/errno.h>
#include <xenolith/vfs.h>

static long read_console(struct file *file, void *buf, size_t bytes)
{
    if ((file->flags & FILE_NONBLOCK) != 0 && !console_input_ready()) {
        return -EAGAIN;
    }
    return console_read(buf, bytes);
}

static long write_console(struct file *file, const void *buf, size_t bytes)
{
    (void)file;
    return console_write(buf, bytes);
}

static int describe_console(struct file *file, struct file_info *out)
{
    (void)file;
    *out = (struct file_info){
        .kind = FILE_CHARACTER,
        .is_terminal = true,
        .device = 0x501, /* as /dev/console on Linux */
        .permissions = 0620,
        .block_bytes = 1024,
    };
    return 0;
}

/* Output blocks while the ring is full, but only until the backend has taken some. */
static unsigned int console_ready(struct file *file)
{
    (void)file;
    return FILE_CAN_WRITE | (console_input_ready() ? FILE_CAN_READ : 0);
}

static const struct file_ops console_ops = {
    .read = read_console,
    .write = write_console,
    .ready = console_ready,
    .info = describe_console,
};

/* One reference for each of the three descriptors, and one that keeps it for ever. */
struct file console_file = {
    .ops = &console_ops,
    .refs = 4,
    .flags = FILE_READ | FILE_WRITE,
    .watches = LIST_INIT(console_file.watches),
};
