// SPDX-License-Identifier: MIT
/*
 * The table of descriptors. What a descriptor names (the console, a socket, a disk file) is a struct file
 * with operations; whoever makes files calls fd_install() and this module needs not know of them.
 * Descriptors 0, 1 and 2 are the console from the start. Threads only; no call here blocks but those that
 * go on to a file's own operation. Errors are the kernel's negative numbers.
 */
#ifndef XENOLITH_VFS_H
#define XENOLITH_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenolith/compiler.h>
#include <xenolith/list.h>

enum file_flags {
    FILE_READ = 1 << 0,
    FILE_WRITE = 1 << 1,
    FILE_NONBLOCK = 1 << 2,
    FILE_APPEND = 1 << 3,
    FILE_SYNC = 1 << 4, /* a write comes back when the disk has it: file_synced() */
};

enum file_kind {
    FILE_CHARACTER,
    FILE_REGULAR,
    FILE_DIRECTORY,
    FILE_SOCKET,
    FILE_BLOCK,
    FILE_SYMLINK,
    FILE_FIFO,
};

/** struct file_info - What fstat() tells. */
struct file_info {
    enum file_kind kind;
    bool is_terminal;     /* isatty() */
    uint32_t permissions; /* rwxrwxrwx, and the three above */
    uint32_t links;       /* 0 counts as 1: most files know nothing of links */
    uint32_t owner, group;
    uint32_t block_bytes; /* good size for I/O */
    uint64_t size_bytes;
    uint64_t held_bytes; /* what it takes of its file system; 0: as much as its size */
    uint64_t serial;
    uint64_t file_system;             /* two files with the same serial and file_system are one */
    uint64_t device;                  /* of a character or block device: as makedev() numbers it */
    uint64_t modified_ns;             /* since 1970 */
    uint64_t changed_ns, accessed_ns; /* 0: as modified_ns */
};

/* What a file is ready for; the numbers are those of poll(). */
enum file_ready {
    FILE_CAN_READ = 0x001, /* read() would not block: data, the end, an error, a connection to accept */
    FILE_URGENT = 0x002,
    FILE_CAN_WRITE = 0x004,
    FILE_FAILED = 0x008,
    FILE_HANGUP = 0x010,       /* nothing more will be read or written */
    FILE_PEER_CLOSED = 0x2000, /* the peer will send no more */
    FILE_RELEASED = 0x10000,   /* only to watches: the file is gone, and the watch with it */
};

struct file;

/** struct file_part - One piece of a scattered buffer; laid out as struct iovec is. */
struct file_part {
    void *base;
    size_t bytes;
};

/**
 * struct file_ops - What a kind of file can do. An operation that is NULL fails with the error in brackets.
 * @read:    Up to @bytes; 0 at the end. Called with @bytes > 0 on files open for reading. [-EINVAL]
 * @write:   Up to @bytes; as above. [-EINVAL]
 * @read_parts, @write_parts: The same with @nr pieces as one operation: one segment, one message. [piece by piece]
 * @read_at, @write_at: At a place of their own, without moving the file's. [-ESPIPE]
 * @resize:  ftruncate(). [-EINVAL]
 * @sync:    Until the disk has it; the file's times may be left out if @data_only. [-EINVAL]
 * @seek:    To @offset from @whence (0 start, 1 here, 2 end); the new position. [-ESPIPE]
 * @info:    [-EINVAL]
 * @control: ioctl. [-ENOTTY]
 * @ready:   What of enum file_ready holds now. [always FILE_CAN_READ and FILE_CAN_WRITE]
 * @map:     The address at which the bytes from @offset on stand in memory, and in *@bytes how many do so without a gap; they stay
 *           there unchanged as long as the caller holds a reference. [-ENODEV]
 * @release: The last reference is gone; must not fail. [nothing happens]
 * All may block but @info, @ready, @map and @release; each is called with a reference held.
 */
struct file_ops {
    long (*read)(struct file *file, void *buf, size_t bytes);
    long (*write)(struct file *file, const void *buf, size_t bytes);
    long (*read_parts)(struct file *file, const struct file_part *parts, size_t nr);
    long (*write_parts)(struct file *file, const struct file_part *parts, size_t nr);
    long (*read_at)(struct file *file, void *buf, size_t bytes, uint64_t offset);
    long (*write_at)(struct file *file, const void *buf, size_t bytes, uint64_t offset);
    int (*resize)(struct file *file, uint64_t bytes);
    int (*sync)(struct file *file, bool data_only);
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    int (*info)(struct file *file, struct file_info *out);
    int (*control)(struct file *file, unsigned long request, void *argument);
    unsigned int (*ready)(struct file *file);
    int (*map)(struct file *file, uint64_t offset, const void **address, size_t *bytes);
    void (*release)(struct file *file);
};

/**
 * struct file_watch - Somebody who wants to know when a file's readiness changes, without a reference to it.
 * @changed: @ready has become true, or may have (ask file_ready()). Must not block; may remove any watch but may not add one to this file.
 */
struct file_watch {
    void (*changed)(struct file_watch *watch, unsigned int ready);
    struct list link;
};

/**
 * struct file - An open file; several descriptors may name it. Embed it in a structure of your own.
 * @flags: enum file_flags; NONBLOCK and APPEND may change while open.
 */
struct file {
    const struct file_ops *ops;
    unsigned int refs;
    unsigned int flags;
    struct list watches;
};

/** file_init() - Ready @file with one reference, which fd_install() takes over. */
void file_init(struct file *file, const struct file_ops *ops, unsigned int flags);

/** file_get() - One more reference. */
void file_get(struct file *file);

/** file_put() - Give up a reference; the last one releases the file. */
void file_put(struct file *file);

/** file_ready() - What the file is ready for now. */
unsigned int file_ready(struct file *file);

/** file_watch() - From now on @watch is told of changes, until file_unwatch() or FILE_RELEASED. */
void file_watch(struct file *file, struct file_watch *watch);

/** file_unwatch() - Again is harmless. */
void file_unwatch(struct file_watch *watch);

/** file_notify() - For the file's owner: @ready has become true. Context: threads; never blocks. */
void file_notify(struct file *file, unsigned int ready);

/** file_synced() - For who called a writing operation: @written, or the error of the sync that FILE_SYNC asks for after it. */
long file_synced(struct file *file, long written);

/** fd_install() - Give @file the lowest free descriptor >= @min. Takes over the caller's reference only on success. -EMFILE, -ENOMEM. */
int fd_install(struct file *file, int min) MUST_CHECK;

/** fd_file() - What @fd names, with a reference for the caller; NULL if nothing. */
struct file *fd_file(int fd) MUST_CHECK;

/** fd_close() - Free @fd. A thread that is blocked in the file keeps it until it comes back. -EBADF. */
int fd_close(int fd);

/** fd_dup() - Another descriptor >= @min of the same file. -EBADF, -EINVAL, -EMFILE, -ENOMEM. */
int fd_dup(int fd, int min) MUST_CHECK;

/** fd_dup2() - Make @to name what @fd names; what @to named before is closed. @to. -EBADF, -ENOMEM. */
int fd_dup2(int fd, int to) MUST_CHECK;

/** fd_file_for() - What @fd names, with a reference, if it is open for @access (FILE_READ, FILE_WRITE, 0). -EBADF. */
int fd_file_for(int fd, unsigned int access, struct file **out) MUST_CHECK;

long fd_read(int fd, void *buf, size_t bytes);
long fd_write(int fd, const void *buf, size_t bytes);
long fd_read_at(int fd, void *buf, size_t bytes, uint64_t offset);
long fd_write_at(int fd, const void *buf, size_t bytes, uint64_t offset);
long fd_read_parts(int fd, const struct file_part *parts, size_t nr);
long fd_write_parts(int fd, const struct file_part *parts, size_t nr);
int64_t fd_seek(int fd, int64_t offset, int whence);
int fd_info(int fd, struct file_info *out);

/** FD_LIMIT - Descriptors at most. */
#define FD_LIMIT 65536

/** console_file - Standard input, output and error. */
extern struct file console_file;

#endif
