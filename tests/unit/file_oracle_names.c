// SPDX-License-Identifier: MIT
/*
 * Scenarios about names: opening, renaming, removing, directories, walks.
 */
#define _GNU_SOURCE
#include "file_oracle.h"

void opening(void)
{
    char name[300];
    int fd;

    make("a", "hello");
    c->mkdir("d", 0755);
    c->symlink("a", "la");
    c->symlink("nowhere", "ln");
    c->symlink("d", "ld");
    c->symlink("loop", "loop");
    c->close(TRY(open("a", O_RDWR | O_CREAT | O_EXCL, 0644)));
    TRY(open("ln", O_RDWR | O_CREAT | O_EXCL, 0644));
    TRY(open("la", O_RDONLY | O_NOFOLLOW));
    TRY(open("ln", O_RDONLY));
    TRY(open("loop", O_RDONLY));
    TRY(open("loop", O_RDONLY | O_NOFOLLOW));
    TRY(open("loop/x", O_RDONLY));
    TRY(open("a", O_RDONLY | O_DIRECTORY));
    TRY(open("la", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(open("ld", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(open("d", O_WRONLY));
    TRY(open("d", O_RDWR));
    TRY(open("d", O_RDONLY | O_CREAT, 0644));
    TRY(open("d", O_RDONLY | O_TRUNC));
    TRY(open("a/", O_RDONLY));
    TRY(open("a/b", O_RDONLY));
    TRY(open("new/", O_RDWR | O_CREAT, 0644));
    TRY(open("none/new", O_RDWR | O_CREAT, 0644));
    TRY(open("", O_RDONLY));
    TRY(open(".", O_WRONLY));
    TRY(open("..", O_RDONLY | O_CREAT, 0644));
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    TRY(open(name, O_RDWR | O_CREAT, 0644));
    name[255] = '\0';
    fd = c->open(name, O_RDWR | O_CREAT, 0644);
    say("255 bytes: %d\n", fd >= 0);
    c->close(fd);
    fd = c->open("ln", O_RDWR | O_CREAT, 0600);
    say("through a link: %d\n", fd >= 0);
    c->close(fd);
    TRY(access("nowhere", F_OK));
    fd = c->open("a", O_RDONLY | O_TRUNC);
    say("O_TRUNC: %ld\n", (long)c->lseek(fd, 0, SEEK_END));
    c->close(fd);
}

void long_paths(void)
{
    static char path[5000];

    for (size_t i = 0; i < 4998; i += 2) {
        memcpy(path + i, "./", 2);
    }
    strcpy(path + 4094, "d");
    c->mkdir("d", 0755);
    say("4095 bytes: %d\n", c->access(path, F_OK));
    strcpy(path + 4094, "dd");
    errno = 0;
    say("4096 bytes: %d %s\n", c->access(path, F_OK), strerrorname_np(errno));
}

void renaming(void)
{
    make("a", "a");
    make("b", "b");
    c->mkdir("d", 0755);
    c->mkdir("d/sub", 0755);
    c->mkdir("e", 0755);
    c->mkdir("full", 0755);
    make("full/f", "f");
    c->link("a", "a2");
    c->symlink("d", "ld");
    TRY(rename("a", "a"));
    TRY(rename("a", "a2"));
    TRY(access("a", F_OK));
    TRY(rename("d", "d/sub/in"));
    TRY(rename("d", "d"));
    TRY(rename("d/sub", "d"));
    TRY(rename("d", "full"));
    TRY(rename("a", "d"));
    TRY(rename("d", "a"));
    TRY(rename("a", "none/x"));
    TRY(rename("none", "x"));
    TRY(rename("a/", "x"));
    TRY(rename("a", "x/"));
    TRY(rename(".", "x"));
    TRY(rename("d", "."));
    TRY(rename("d/..", "x"));
    TRY(rename("d", "e"));
    TRY(rename("e/", "g/"));
    TRY(access("g/sub", F_OK));
    TRY(rename("ld/", "x"));
    TRY(rename("ld", "lx"));
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "a", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "fresh", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "a", AT_FDCWD, "fresh", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "fresh", AT_FDCWD, ".", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "fresh", AT_FDCWD, "x", 1u << 20));
    TRY(rename("fresh", "b"));
    TRY(access("fresh", F_OK));
}

void removing_and_linking(void)
{
    struct stat st;

    make("a", "a");
    c->mkdir("d", 0755);
    c->mkdir("d/sub", 0755);
    c->symlink("a", "la");
    c->symlink("none", "ln");
    TRY(unlink("d"));
    TRY(unlink("d/"));
    TRY(unlink("a/"));
    TRY(unlink("."));
    TRY(unlink(".."));
    TRY(unlink("/"));
    TRY(rmdir("a"));
    TRY(rmdir("d"));
    TRY(rmdir("d/."));
    TRY(rmdir("d/sub/.."));
    TRY(rmdir("/"));
    TRY(rmdir("la"));
    TRY(unlinkat(AT_FDCWD, "d/sub", AT_REMOVEDIR));
    TRY(unlinkat(AT_FDCWD, "a", 0x40000));
    TRY(link("d", "x"));
    TRY(link("a", "a"));
    TRY(link("a", "d"));
    TRY(link("none", "x"));
    TRY(link("a", "x/"));
    TRY(link("ln", "ln2"));
    TRY(linkat(AT_FDCWD, "ln", AT_FDCWD, "ln3", AT_SYMLINK_FOLLOW));
    TRY(linkat(AT_FDCWD, "la", AT_FDCWD, "la2", AT_SYMLINK_FOLLOW));
    c->lstat("la2", &st);
    say("%o %ld\n", st.st_mode, (long)st.st_nlink);
    TRY(symlink("", "x"));
    TRY(symlink("x", "a"));
    TRY(symlink("x", "x/"));
    TRY(mkdir("a", 0755));
    TRY(mkdir("ln", 0755));
    TRY(mkdir("a/x", 0755));
    TRY(mkdir("new/", 0755));
    TRY(mkdir("", 0755));
    TRY(mkdir("/", 0755));
    TRY(rmdir("new/"));
}

/* What stays is seen once, whatever else comes and goes meanwhile. */
void directories_that_change(void)
{
    char name[20];
    struct dirent *entry;
    int seen[40] = {0};
    long place;
    DIR *dir;

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        make(name, "");
    }
    dir = c->opendir(".");
    for (int nr = 0; (entry = c->readdir(dir)) != NULL; nr++) {
        int i = entry->d_name[0] == 'n' ? atoi(entry->d_name + 1) : -1;

        if (i >= 0) {
            seen[i]++;
        }
        /* The last ones of even number go, and others come. */
        if (nr % 3 == 0 && nr < 30) {
            snprintf(name, sizeof(name), "n%d", 39 - nr / 3 * 2 - 1);
            c->unlink(name);
            snprintf(name, sizeof(name), "x%d", nr);
            make(name, "");
        }
    }
    for (int i = 0; i < 40; i++) {
        say("%d", i % 2 != 0 || i < 20 ? seen[i] : seen[i] <= 1);
    }
    c->rewinddir(dir);
    (void)c->readdir(dir);
    place = c->telldir(dir);
    entry = c->readdir(dir);
    snprintf(name, sizeof(name), "%s", entry->d_name);
    (void)c->readdir(dir);
    c->seekdir(dir, place);
    say("\nthe same again: %d\n", strcmp(c->readdir(dir)->d_name, name) == 0);
    c->closedir(dir);
    c->mkdir("gone", 0755);
    dir = c->opendir("gone");
    c->rmdir("gone");
    say("of a removed one: %d\n", c->readdir(dir) != NULL);
    c->closedir(dir);
    errno = 0;
    say("%d %s\n", c->opendir("none") != NULL, strerrorname_np(errno));
    say("%d %s\n", c->opendir("n1") != NULL, strerrorname_np(errno));
}

static int is_no_dot(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static char *found[40];
static size_t nr_found;

static int note_walk(const char *path, const struct stat *st, int type, struct FTW *where)
{
    char text[200];

    snprintf(text, sizeof(text), "%s type %d base %d level %d size %ld\n", path, type, where->base,
             where->level, S_ISREG(st->st_mode) ? (long)st->st_size : 0);
    found[nr_found++] = strdup(text);
    return strcmp(path + where->base, "stop") == 0 ? 42 : 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void walk(const char *path, int flags)
{
    int rc;

    nr_found = 0;
    rc = c->nftw(path, note_walk, 5, flags);
    say("nftw %s %#x: %d\n", path, flags, rc);
    qsort(found, nr_found, sizeof(char *), by_text);
    for (size_t i = 0; i < nr_found; i++) {
        say("  %s", found[i]);
        free(found[i]);
    }
}

void walking(void)
{
    struct dirent **entries = NULL;
    int nr;

    c->mkdir("t", 0755);
    c->mkdir("t/d", 0755);
    c->mkdir("t/d/deep", 0755);
    make("t/d/deep/file", "12345");
    make("t/a", "1");
    c->symlink("a", "t/la");
    c->symlink("none", "t/ln");
    c->symlink("..", "t/d/up");
    nr = c->scandir("t", &entries, is_no_dot, c->alphasort);
    for (int i = 0; i < nr; i++) {
        say("%s %d\n", entries[i]->d_name, entries[i]->d_type);
        free(entries[i]);
    }
    free(entries);
    TRY(scandir("none", &entries, NULL, NULL));
    walk("t", FTW_PHYS);
    walk("t", FTW_PHYS | FTW_DEPTH);
    walk("t/", FTW_PHYS);
    walk("t", 0);
    walk("t/a", FTW_PHYS);
    errno = 0;
    walk("none", FTW_PHYS);
    make("t/d/stop", "");
    nr_found = 0;
    say("stop: %d\n", c->nftw("t", note_walk, 5, FTW_PHYS));
    while (nr_found > 0) {
        free(found[--nr_found]);
    }
}
