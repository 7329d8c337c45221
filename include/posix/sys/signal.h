// SPDX-License-Identifier: MIT
/*
 * Signals, in place of newlib's header, whose struct sigaction has no flags and no siginfo_t. The numbers are newlib's, because
 * strsignal() is. A signal is something that the program does to itself: nothing outside sends any.
 */
#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>

#include <sys/_sigset.h>
#include <sys/_timespec.h>

#ifndef _SIGSET_T_DECLARED
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    SIGABRT
#define SIGEMT    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGBUS    10
#define SIGSEGV   11
#define SIGSYS    12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGURG    16
#define SIGSTOP   17
#define SIGTSTP   18
#define SIGCONT   19
#define SIGCHLD   20
#define SIGCLD    SIGCHLD
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGIO     23
#define SIGPOLL   SIGIO
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGLOST   29
#define SIGPWR    SIGLOST
#define SIGUSR1   30
#define SIGUSR2   31
#define NSIG      32
#define _NSIG     NSIG

#define SIG_SETMASK 0
#define SIG_BLOCK   1
#define SIG_UNBLOCK 2

#define SA_NOCLDSTOP 0x00000001
#define SA_NOCLDWAIT 0x00000002
#define SA_SIGINFO   0x00000004
#define SA_ONSTACK   0x08000000
#define SA_RESTART   0x10000000
#define SA_NODEFER   0x40000000
#define SA_NOMASK    SA_NODEFER
#define SA_RESETHAND 0x80000000
#define SA_ONESHOT   SA_RESETHAND

#define SIGEV_NONE   1
#define SIGEV_SIGNAL 2
#define SIGEV_THREAD 3

/* si_code: who sent it. */
#define SI_USER  0
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)

#define MINSIGSTKSZ 2048
#define SIGSTKSZ    8192
#define SS_ONSTACK  1
#define SS_DISABLE  2

#define SIG2STR_MAX 17

union sigval {
    int sival_int;
    void *sival_ptr;
};

typedef struct {
    int si_signo;
    int si_code;
    int si_errno;
    pid_t si_pid;
    uid_t si_uid;
    int si_status;
    void *si_addr;
    long si_band;
    union sigval si_value;
} siginfo_t;

struct sigevent {
    int sigev_notify;
    int sigev_signo;
    union sigval sigev_value;
    void (*sigev_notify_function)(union sigval value);
    pthread_attr_t *sigev_notify_attributes;
};

typedef void (*_sig_func_ptr)(int number);

struct sigaction {
    union {
        _sig_func_ptr __handler;
        void (*__action)(int number, siginfo_t *info, void *context);
    } __function;
    sigset_t sa_mask;
    int sa_flags;
};

#define sa_handler   __function.__handler
#define sa_sigaction __function.__action

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

__BEGIN_DECLS
int kill(pid_t pid, int number);
int killpg(pid_t group, int number);
int sigaction(int number, const struct sigaction *__restrict action, struct sigaction *__restrict old);
int sigaddset(sigset_t *set, int number);
int sigdelset(sigset_t *set, int number);
int sigismember(const sigset_t *set, int number);
int sigfillset(sigset_t *set);
int sigemptyset(sigset_t *set);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigwait(const sigset_t *set, int *number);
int sigwaitinfo(const sigset_t *set, siginfo_t *info);
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
int siginterrupt(int number, int flag);
int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int pthread_kill(pthread_t thread, int number);
int sig2str(int number, char *name);
int str2sig(const char *__restrict name, int *__restrict number);
__END_DECLS

#ifndef _SIGNAL_H_
#include <signal.h>
#endif

#endif
