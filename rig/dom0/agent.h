// SPDX-License-Identifier: MIT
/*
 * The protocol between the host and dom0: frames on one virtio-serial port.
 *
 * Owns the frame layout and the numbers that both sides share; rig/xenrig/channel.py is the other
 * side. Many commands run at once, each on a channel number that the host picks.
 */
#ifndef RIG_AGENT_H
#define RIG_AGENT_H

#include <stdint.h>

#define AGENT_VERSION 1u
#define FRAME_PAYLOAD_MAX 32768u

/* Bytes of standard input that the host may have under way to one command. */
#define STDIN_WINDOW 262144u

struct frame_header {
    uint32_t channel;
    uint32_t kind;
    uint32_t len_bytes;
};

enum frame_kind {
    FRAME_HELLO = 1,  /* both ways; dom0 answers with its u32 version */
    FRAME_RUN = 2,    /* to dom0: u32 flags, then the arguments, each ended by NUL */
    FRAME_INPUT = 3,  /* to dom0: bytes of standard input; none = end of file */
    FRAME_SIGNAL = 4, /* to dom0: u32 signal for the command's process group */
    FRAME_OUTPUT = 5, /* to host: bytes of standard output */
    FRAME_ERROR = 6,  /* to host: bytes of standard error */
    FRAME_CREDIT = 7, /* to host: u32 bytes of standard input that the command has taken */
    FRAME_EXIT = 8,   /* to host: u32 status as a shell counts it: 0-255, 128 + signal */
};

#define RUN_PTY 1u /* give the command a terminal of its own */

#endif
