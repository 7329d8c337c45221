// SPDX-License-Identifier: MIT
/*
 * Claim: the small calls that servers make at their start and end do what POSIX says: signals with actions and masks, limits, names, accounts,
 * the terminal, messages, lines, dates.
 */
#define _GNU_SOURCE
/* First: newlib's own of it would make errno a variable that nobody has. */
#include <sys/param.h>

#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "system_test.h"

static int seen[NSIG];
static int seen_code;
static sigset_t mask_inside;

static void count(int number)
{
    seen[number]++;
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &mask_inside), 0);
}

static void count_info(int number, siginfo_t *info, void *context)
{
    (void)context;
    seen[number]++;
    seen_code = info->si_code;
    CHECK_EQUAL(info->si_signo, number);
    CHECK_EQUAL(info->si_pid, getpid());
}

static void *raise_usr2(void *argument)
{
    (void)argument;
    CHECK_EQUAL(kill(getpid(), SIGUSR2), 0);
    return NULL;
}

static void actions_and_masks(void)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART}, old;
    sigset_t set, none;

    CHECK_EQUAL(sigemptyset(&none), 0);
    CHECK_EQUAL(sigemptyset(&action.sa_mask), 0);
    CHECK_EQUAL(sigaddset(&action.sa_mask, SIGUSR2), 0);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(seen[SIGUSR1], 1);
    CHECK_EQUAL(sigismember(&mask_inside, SIGUSR1), 1);
    CHECK_EQUAL(sigismember(&mask_inside, SIGUSR2), 1);
    CHECK_EQUAL(sigismember(&mask_inside, SIGTERM), 0);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    CHECK_EQUAL(set, none);

    action.sa_sigaction = count_info;
    action.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND);
    CHECK_EQUAL(sigaction(SIGUSR1, &action, &old), 0);
    CHECK(old.sa_handler == count);
    CHECK_EQUAL(kill(0, SIGUSR1), 0);
    CHECK_EQUAL(seen[SIGUSR1], 2);
    CHECK_EQUAL(seen_code, SI_USER);
    CHECK_EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == SIG_DFL);

    CHECK(signal(SIGUSR2, count) == SIG_DFL);
    CHECK_EQUAL(sigaddset(&set, SIGUSR2), 0);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_EQUAL(raise(SIGUSR2), 0);
    CHECK_EQUAL(seen[SIGUSR2], 0);
    CHECK_EQUAL(sigpending(&set), 0);
    CHECK_EQUAL(sigismember(&set, SIGUSR2), 1);
    CHECK_EQUAL(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
    CHECK_EQUAL(seen[SIGUSR2], 1);
    CHECK_EQUAL(sigaction(SIGKILL, &action, NULL), -1);
    CHECK_EQUAL(errno, EINVAL);
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    CHECK_EQUAL(raise(SIGUSR1), 0);
    CHECK_EQUAL(raise(SIGCHLD), 0);
    CHECK_EQUAL(kill(77, 0), -1);
    CHECK_EQUAL(errno, ESRCH);
    CHECK_EQUAL(raise(99), -1);
    CHECK_EQUAL(errno, EINVAL);
}

static void waiting_for_signals(void)
{
    struct timespec soon = {.tv_nsec = 10000000};
    siginfo_t info;
    pthread_t thread;
    sigset_t set, all_but;
    int number = 0;

    CHECK_EQUAL(sigemptyset(&set), 0);
    CHECK_EQUAL(sigaddset(&set, SIGUSR2), 0);
    CHECK_EQUAL(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    CHECK_EQUAL(sigtimedwait(&set, &info, &soon), -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(pthread_create(&thread, NULL, raise_usr2, NULL), 0);
    CHECK_EQUAL(sigwait(&set, &number), 0);
    CHECK_EQUAL(number, SIGUSR2);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(sigfillset(&all_but), 0);
    CHECK_EQUAL(sigdelset(&all_but, SIGUSR2), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, raise_usr2, NULL), 0);
    CHECK_EQUAL(sigsuspend(&all_but), -1);
    CHECK_EQUAL(errno, EINTR);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(seen[SIGUSR2], 2);
    CHECK_EQUAL(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

static void jumps_restore_the_mask(void)
{
    static volatile int rounds;
    sigjmp_buf place;
    sigset_t set;

    if (sigsetjmp(place, 1) == 0) {
        CHECK_EQUAL(sigfillset(&set), 0);
        CHECK_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        rounds++;
        siglongjmp(place, 5);
    }
    CHECK_EQUAL(rounds, 1);
    CHECK_EQUAL(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    CHECK_EQUAL(set, 0);
}

static void every_file_can_be_made_not_to_block(void)
{
    int on = 1, off = 0, fds[2];
    char c;

    CHECK_EQUAL(pipe(fds), 0);
    CHECK_EQUAL(ioctl(fds[0], FIONBIO, &on), 0);
    CHECK_EQUAL(read(fds[0], &c, 1), -1);
    CHECK_EQUAL(errno, EAGAIN);
    CHECK_EQUAL(ioctl(fds[0], FIONBIO, &off), 0);
    CHECK_EQUAL(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQUAL(close(fds[0]) + close(fds[1]), 0);
}

static void names_and_limits(void)
{
    struct utsname name;
    struct rlimit limit;
    struct sysinfo info;
    struct rusage usage;
    char host[HOST_NAME_MAX + 1];
    cpu_set_t cpus;

    CHECK_EQUAL(gethostname(host, sizeof(host)), 0);
    CHECK(strcmp(host, "posix-calls") == 0); /* the domain's name */
    CHECK_EQUAL(gethostname(host, 3), -1);
    CHECK_EQUAL(sethostname("rock", 4), 0);
    CHECK_EQUAL(uname(&name), 0);
    CHECK(strcmp(name.sysname, "Xenolith") == 0 && strcmp(name.nodename, "rock") == 0);
    CHECK(strcmp(name.machine, "x86_64") == 0);
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK(limit.rlim_cur == (rlim_t)sysconf(_SC_OPEN_MAX) && limit.rlim_cur >= 10000);
    limit.rlim_cur = 1000;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQUAL(limit.rlim_cur, 1000);
    limit.rlim_max++;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), -1);
    CHECK_EQUAL(errno, EPERM);
    CHECK_EQUAL(sysinfo(&info), 0);
    CHECK_EQUAL(info.totalram, sysconf(_SC_PHYS_PAGES));
    CHECK(info.freeram > 0 && info.freeram < info.totalram && info.uptime < 3600);
    CHECK_EQUAL(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQUAL(sysconf(_SC_NPROCESSORS_ONLN), 1);
    CHECK_EQUAL(sysconf(-5), -1);
    CHECK_EQUAL(getrusage(RUSAGE_SELF, &usage), 0);
    CHECK(usage.ru_utime.tv_sec + usage.ru_utime.tv_usec > 0);
    CHECK_EQUAL(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
    CHECK_EQUAL(CPU_COUNT(&cpus), 1);
}

static void accounts(void)
{
    struct passwd *nobody = getpwnam("nobody"), out, *result;
    char buf[100];

    CHECK(nobody != NULL && nobody->pw_uid == 65534);
    CHECK(getgrgid(nobody->pw_gid) != NULL && getgrnam("wheel") == NULL);
    CHECK_EQUAL(getpwuid_r(0, &out, buf, sizeof(buf), &result), 0);
    CHECK(result == &out && strcmp(out.pw_name, "root") == 0);
    CHECK_EQUAL(getuid(), 0);
    CHECK_EQUAL(setgid(nobody->pw_gid), 0);
    CHECK_EQUAL(setuid(nobody->pw_uid), 0);
    CHECK_EQUAL(geteuid(), 65534);
    CHECK_EQUAL(waitpid(-1, NULL, 0), -1);
    CHECK_EQUAL(errno, ECHILD);
}

static void terminal(void)
{
    struct termios t, raw;

    CHECK_EQUAL(isatty(0), 1);
    CHECK(strcmp(ttyname(1), "/dev/console") == 0);
    CHECK_EQUAL(tcgetattr(0, &t), 0);
    CHECK((t.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO));
    raw = t;
    cfmakeraw(&raw);
    CHECK_EQUAL(tcsetattr(0, TCSAFLUSH, &raw), 0);
    printf("raw\n"); /* '\n' alone */
    CHECK_EQUAL(tcdrain(1), 0);
    CHECK_EQUAL(tcsetattr(0, TCSANOW, &t), 0);
    CHECK_EQUAL(tcgetattr(99, &t), -1);
    CHECK_EQUAL(errno, EBADF);
}

static void messages(void)
{
    openlog("tester", LOG_PID | LOG_CONS, LOG_DAEMON);
    errno = ENOENT;
    syslog(LOG_NOTICE, "%s: 100%% %m %d", "a message", 42);
    CHECK_EQUAL(setlogmask(LOG_UPTO(LOG_WARNING)), LOG_UPTO(LOG_DEBUG));
    syslog(LOG_DEBUG, "nobody sees this");
    errno = EACCES;
    warn("trouble %d", 1);
    warnx("trouble %d", 2);
    CHECK(dlopen("libm.so", RTLD_NOW) == NULL);
    CHECK(dlerror() != NULL && dlerror() == NULL);
}

static void lines_and_dates(void)
{
    struct tm tm = {.tm_year = 126, .tm_mon = 1, .tm_mday = 29}; /* no leap year: the 1st of March */
    char text[] = "first\nsecond line\nlast";
    FILE *stream = fmemopen(text, sizeof(text) - 1, "r");
    char *line = NULL;
    size_t size = 0;

    CHECK(stream != NULL);
    CHECK_EQUAL(getline(&line, &size, stream), 6);
    CHECK(strcmp(line, "first\n") == 0);
    CHECK_EQUAL(getdelim(&line, &size, ' ', stream), 7);
    CHECK_EQUAL(getline(&line, &size, stream), 5);
    CHECK_EQUAL(getline(&line, &size, stream), 4);
    CHECK(strcmp(line, "last") == 0);
    CHECK_EQUAL(getline(&line, &size, stream), -1);
    free(line);
    fclose(stream);
    CHECK_EQUAL(timegm(&tm), 1772323200);
    CHECK_EQUAL(tm.tm_mday, 1);
    CHECK_EQUAL(tm.tm_mon, 2);
}

int main(void)
{
    actions_and_masks();
    waiting_for_signals();
    jumps_restore_the_mask();
    every_file_can_be_made_not_to_block();
    names_and_limits();
    accounts();
    terminal();
    messages();
    lines_and_dates();
    test_success();
}
