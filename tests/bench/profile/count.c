// SPDX-License-Identifier: MIT
/*
 * A QEMU plugin that counts how often each translated block of guest code runs, on which CPU, while a program in the machine wants it
 * to: one that executes MOVABS of a magic number to R11 (tests/bench/net/netpeer.c) switches it on and off. It owns a file that it maps: one
 * number, how many entries there are, then the entries, which only grow. Whoever wants the profile of one span reads the file before
 * and after it.
 *
 * The plugin interface is QEMU's (qemu-plugin.h, version 1), declared here because Debian ships no header of it. One thread runs
 * all CPUs (-icount), so nothing is locked.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT      __attribute__((visibility("default")))
#define NR_CPUS     2
#define ENTRIES_MAX (4UL << 20)

#define MOVABS_R11   0xbb49U
#define MAGIC_OFF    0x58656e6f42656e30UL
#define MAGIC_ON     0x58656e6f42656e31UL
#define MOVABS_BYTES 10

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef uint64_t plugin_id;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*cb)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned int, void *),
                                          int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned int, void *),
                                            int flags, void *data);

EXPORT int qemu_plugin_version = 1;

/** struct entry - A block, as tests/bench/profile/symprofile.py reads it. */
struct entry {
    uint64_t vaddr;
    uint64_t instructions;
    uint64_t runs[NR_CPUS];
};

struct file {
    uint64_t nr;
    uint64_t unused[3];
    struct entry entries[ENTRIES_MAX];
};

static struct file *file;
static bool counting;

static void block_runs(unsigned int cpu, void *data)
{
    struct entry *e = data;

    e->runs[cpu % NR_CPUS] += counting;
}

static void switch_counting(unsigned int cpu, void *data)
{
    (void)cpu;
    counting = data != NULL;
}

/** look_for_switch() - Is there one in this block? */
static void look_for_switch(struct qemu_plugin_tb *tb)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *bytes;
        uint16_t opcode;
        uint64_t value;

        if (qemu_plugin_insn_size(insn) != MOVABS_BYTES) {
            continue;
        }
        bytes = qemu_plugin_insn_data(insn);
        memcpy(&opcode, bytes, sizeof(opcode));
        memcpy(&value, bytes + sizeof(opcode), sizeof(value));
        if (opcode == MOVABS_R11 && (value == MAGIC_ON || value == MAGIC_OFF)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, switch_counting, 0, value == MAGIC_ON ? file : NULL);
        }
    }
}

static void block_translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    struct entry *e;

    (void)id;
    if (file->nr == ENTRIES_MAX) {
        return;
    }
    e = &file->entries[file->nr++];
    e->vaddr = qemu_plugin_tb_vaddr(tb);
    e->instructions = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, 0, e);
    look_for_switch(tb);
}

/* Its argument: counts=PATH. */
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    int fd;

    (void)info;
    if (argc != 1 || strncmp(argv[0], "counts=", 7) != 0) {
        fputs("count: one argument, counts=PATH\n", stderr);
        return -1;
    }
    fd = open(argv[0] + 7, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*file)) != 0) {
        perror(argv[0]);
        return -1;
    }
    file = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (file == MAP_FAILED) {
        perror("mmap");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    return 0;
}
