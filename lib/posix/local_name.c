// SPDX-License-Identifier: MIT
/*
 * Names of AF_UNIX sockets: paths, where a node of the file system stands for the socket, and abstract ones, which begin with a zero byte and
 * vanish with their owner. A name's node is compared, not its path: renamed and linked names lead to the same socket.
 */
#include "local_priv.h"

#include <string.h>
#include <sys/stat.h>

#include <xenolith/errno.h>
#include <xenolith/heap.h>
#include <xenolith/path.h>
#include <xenolith/printk.h>

#include "../newlib/file_priv.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static struct list names = LIST_INIT(names); /* of open sockets */

void local_address_get(struct local_address *address)
{
    address->refs++;
}

void local_address_put(struct local_address *address)
{
    if (--address->refs == 0) {
        heap_free(address);
    }
}

void local_address_abandon(struct local_socket *s)
{
    struct local_address *address = s->address;

    if (address->owner == s) {
        list_remove(&address->link);
        node_put(address->node);
        address->node = NULL;
        address->owner = NULL;
    }
    s->address = NULL;
    local_address_put(address);
}

/* The path with a NUL behind it; "" for an abstract name. */
static int read_name(const struct sockaddr *address, socklen_t length, struct sockaddr_un *out, char *path)
{
    size_t bytes = length - PATH_AT;

    if (address->sa_family != AF_UNIX || length <= PATH_AT || length > sizeof(*out)) {
        return -EINVAL;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out, address, length);
    memcpy(path, out->sun_path, bytes);
    path[bytes] = '\0';
    return 0;
}

static struct local_address *find_abstract(const struct sockaddr_un *name, socklen_t length)
{
    struct list *at;

    list_for_each(at, &names) {
        struct local_address *a = list_entry(at, struct local_address, link);

        if (a->node == NULL && a->length == length && memcmp(&a->name, name, length) == 0) {
            return a;
        }
    }
    return NULL;
}

static struct local_address *find_node(const struct node *node)
{
    struct list *at;

    list_for_each(at, &names) {
        struct local_address *a = list_entry(at, struct local_address, link);

        if (a->node == node) {
            return a;
        }
    }
    return NULL;
}

/* Linux's: five digits behind the zero byte. */
static int choose(struct local_address *a)
{
    static unsigned int next;

    for (unsigned int tries = 0; tries < 1U << 20; tries++) {
        (void)ksnprintf(a->name.sun_path + 1, sizeof(a->name.sun_path) - 1, "%05x", next++ & 0xfffff);
        a->length = PATH_AT + 6;
        if (find_abstract(&a->name, a->length) == NULL) {
            return 0;
        }
    }
    return -ENOSPC;
}

static int bind_path(struct local_address *a, const char *path)
{
    struct new_node what = {.kind = FILE_SOCKET, .permissions = libc_umask(0777)};
    int rc = path_create(NULL, path, &what);

    if (rc == 0) {
        rc = path_node(NULL, path, PATH_NOFOLLOW, &a->node);
    }
    a->length = (socklen_t)(PATH_AT + strlen(path) + 1);
    a->length = a->length < sizeof(a->name) ? a->length : sizeof(a->name);
    return rc == -EEXIST ? -EADDRINUSE : rc;
}

int local_bind(struct local_socket *s, const struct sockaddr *address, socklen_t length)
{
    char path[sizeof(struct sockaddr_un)];
    struct local_address *a;
    int rc = 0;

    if (s->address != NULL || address->sa_family != AF_UNIX) {
        return -EINVAL;
    }
    a = heap_zalloc(1, sizeof(*a));
    if (a == NULL) {
        return -ENOMEM;
    }
    a->refs = 1;
    a->name.sun_family = AF_UNIX;
    list_init(&a->link);
    if (length == PATH_AT) {
        rc = choose(a);
    } else {
        rc = read_name(address, length, &a->name, path);
        if (rc == 0 && path[0] != '\0') {
            rc = bind_path(a, path);
        } else if (rc == 0) {
            a->length = length;
            rc = find_abstract(&a->name, length) != NULL ? -EADDRINUSE : 0;
        }
    }
    /* A path may have to be read from a disk: another thread may have been here. */
    if (rc == 0 && s->address != NULL) {
        node_put(a->node);
        rc = -EINVAL;
    }
    if (rc != 0) {
        heap_free(a);
        return rc;
    }
    a->owner = s;
    s->address = a;
    list_push_back(&names, &a->link);
    return 0;
}

int local_find(const struct sockaddr *address, socklen_t length, struct local_socket **out)
{
    char path[sizeof(struct sockaddr_un)];
    struct local_address *a;
    struct sockaddr_un name;
    struct node *node;
    int rc = read_name(address, length, &name, path);

    if (rc != 0) {
        return rc;
    }
    if (path[0] == '\0') {
        a = find_abstract(&name, length);
    } else {
        rc = path_node(NULL, path, 0, &node);
        if (rc != 0) {
            return rc;
        }
        a = find_node(node);
        node_put(node);
    }
    if (a == NULL) {
        return -ECONNREFUSED;
    }
    local_get(a->owner);
    *out = a->owner;
    return 0;
}

socklen_t local_write_name(const struct local_address *address, void *out, size_t room)
{
    static const sa_family_t family = AF_UNIX;
    const void *from = address != NULL ? (const void *)&address->name : &family;
    socklen_t length = address != NULL ? address->length : (socklen_t)sizeof(family);

    memcpy(out, from, length < room ? length : room);
    return length;
}
