// SPDX-License-Identifier: MIT
/*
 * The fake xenstored's tree: a flat array of nodes sorted by path. Knows permissions, neither watches nor messages.
 */
#include <fake_xenstored.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_tree {
    struct fake_node *nodes;
    size_t nr;
    uint64_t generation;
};

static void node_copy(struct fake_node *to, const struct fake_node *from)
{
    *to = *from;
    to->path = strdup(from->path);
    to->value = malloc(from->len + 1);
    memcpy(to->value, from->value, from->len + 1);
}

struct fake_tree *fake_tree_make(void)
{
    struct fake_tree *t = calloc(1, sizeof(*t));
    struct fake_node root = {.path = strdup("/"), .value = strdup(""), .nr_perms = 1, .perms = {{'r', 0}}};

    t->nodes = malloc(sizeof(root));
    t->nodes[0] = root;
    t->nr = 1;
    return t;
}

struct fake_tree *fake_tree_copy(const struct fake_tree *t)
{
    struct fake_tree *copy = calloc(1, sizeof(*copy));

    *copy = *t;
    copy->nodes = malloc(t->nr * sizeof(*t->nodes));
    for (size_t i = 0; i < t->nr; i++) {
        node_copy(&copy->nodes[i], &t->nodes[i]);
    }
    return copy;
}

void fake_tree_free(struct fake_tree *t)
{
    for (size_t i = 0; i < t->nr; i++) {
        free(t->nodes[i].path);
        free(t->nodes[i].value);
    }
    free(t->nodes);
    free(t);
}

bool fake_path_is_below(const char *path, const char *parent)
{
    size_t len = strlen(parent);

    if (strcmp(parent, "/") == 0) {
        return true;
    }
    return strncmp(path, parent, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static struct fake_node *find(struct fake_tree *t, const char *path)
{
    for (size_t i = 0; i < t->nr; i++) {
        if (strcmp(t->nodes[i].path, path) == 0) {
            return &t->nodes[i];
        }
    }
    return NULL;
}

static bool allowed(const struct fake_node *node, unsigned int domid, char want)
{
    char access = node->perms[0].access;

    if (domid == 0 || node->perms[0].domid == domid) {
        return true;
    }
    for (unsigned int i = 1; i < node->nr_perms; i++) {
        if (node->perms[i].domid == domid) {
            access = node->perms[i].access;
        }
    }
    return access == want || access == 'b';
}

/* The nearest node upwards that is there; it decides about what is not. */
static struct fake_node *find_ancestor(struct fake_tree *t, const char *path)
{
    static char parent[XENSTORE_ABS_PATH_MAX + 1];

    snprintf(parent, sizeof(parent), "%s", path);
    for (;;) {
        struct fake_node *node = find(t, parent);
        char *slash = strrchr(parent, '/');

        if (node != NULL) {
            return node;
        }
        slash[slash == parent ? 1 : 0] = '\0';
    }
}

static bool path_is_valid(const char *path)
{
    size_t len = strlen(path);

    if (path[0] != '/' || len >= XENSTORE_ABS_PATH_MAX || strstr(path, "//") != NULL ||
        (len > 1 && path[len - 1] == '/')) {
        return false;
    }
    return strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@") == len;
}

int fake_tree_get(struct fake_tree *t, const char *path, unsigned int domid, struct fake_node **node)
{
    if (!path_is_valid(path)) {
        return EINVAL;
    }
    *node = find(t, path);
    if (*node == NULL) {
        return allowed(find_ancestor(t, path), domid, 'r') ? ENOENT : EACCES;
    }
    return allowed(*node, domid, 'r') ? 0 : EACCES;
}

/* Make the node and its parents; each takes over its parent's permissions, and belongs to the maker. */
static int make(struct fake_tree *t, const char *path, unsigned int domid, struct fake_node **out)
{
    struct fake_node *up = find_ancestor(t, path);
    struct fake_node fresh;
    size_t at = 0;

    if (strcmp(up->path, path) == 0) {
        *out = up;
        return 0;
    }
    if (!allowed(up, domid, 'w')) {
        return EACCES;
    }
    fresh = *up;
    if (strchr(path + strlen(up->path) + (up->path[1] != '\0'), '/') != NULL) {
        char *cut = strdup(path);
        int rc;

        *strrchr(cut, '/') = '\0';
        rc = make(t, cut, domid, &up);
        free(cut);
        if (rc != 0) {
            return rc;
        }
        fresh = *up;
    }
    fresh.path = strdup(path);
    fresh.value = strdup("");
    fresh.len = 0;
    fresh.generation = ++t->generation;
    if (domid != 0) {
        fresh.perms[0].domid = domid;
    }
    t->nodes = realloc(t->nodes, (t->nr + 1) * sizeof(*t->nodes));
    while (at < t->nr && strcmp(t->nodes[at].path, path) < 0) {
        at++;
    }
    memmove(&t->nodes[at + 1], &t->nodes[at], (t->nr - at) * sizeof(*t->nodes));
    t->nodes[at] = fresh;
    t->nr++;
    if (at > 0 && (up = find(t, path)) != NULL) {
        /* The list of children is part of the parent. */
        char *cut = strdup(path);
        struct fake_node *dir;

        strrchr(cut, '/')[strrchr(cut, '/') == cut ? 1 : 0] = '\0';
        dir = find(t, cut);
        dir->generation = t->generation;
        free(cut);
    }
    *out = find(t, path);
    return 0;
}

int fake_tree_set(struct fake_tree *t, const char *path, const char *value, size_t len, unsigned int domid)
{
    struct fake_node *node;
    int rc;

    if (!path_is_valid(path)) {
        return EINVAL;
    }
    node = find(t, path);
    if (node != NULL && !allowed(node, domid, 'w')) {
        return EACCES;
    }
    rc = make(t, path, domid, &node);
    if (rc != 0) {
        return rc;
    }
    free(node->value);
    node->value = malloc(len + 1);
    if (len != 0) {
        memcpy(node->value, value, len);
    }
    node->value[len] = '\0';
    node->len = len;
    node->generation = ++t->generation;
    return 0;
}

int fake_tree_mkdir(struct fake_tree *t, const char *path, unsigned int domid)
{
    struct fake_node *node;

    return path_is_valid(path) ? make(t, path, domid, &node) : EINVAL;
}

int fake_tree_rm(struct fake_tree *t, const char *path, unsigned int domid)
{
    struct fake_node *node;
    size_t kept = 0;

    if (!path_is_valid(path) || strcmp(path, "/") == 0) {
        return EINVAL;
    }
    node = find(t, path);
    if (node == NULL) {
        size_t up = strrchr(path, '/') == path ? 1 : (size_t)(strrchr(path, '/') - path);

        return strlen(find_ancestor(t, path)->path) == up ? 0 : ENOENT;
    }
    if (!allowed(node, domid, 'w')) {
        return EACCES;
    }
    for (size_t i = 0; i < t->nr; i++) {
        if (fake_path_is_below(t->nodes[i].path, path)) {
            free(t->nodes[i].path);
            free(t->nodes[i].value);
        } else {
            t->nodes[kept++] = t->nodes[i];
        }
    }
    t->nr = kept;
    find_ancestor(t, path)->generation = ++t->generation;
    return 0;
}

int fake_tree_chmod(struct fake_tree *t, const char *path, const struct fake_perm *perms, unsigned int nr,
                    unsigned int domid)
{
    struct fake_node *node = path_is_valid(path) ? find(t, path) : NULL;

    if (node == NULL) {
        return ENOENT;
    }
    if (domid != 0 && (node->perms[0].domid != domid || perms[0].domid != domid)) {
        return EACCES;
    }
    memcpy(node->perms, perms, nr * sizeof(*perms));
    node->nr_perms = nr;
    node->generation = ++t->generation;
    return 0;
}

char *fake_tree_children(struct fake_tree *t, const char *path, size_t *len)
{
    size_t skip = strcmp(path, "/") == 0 ? 1 : strlen(path) + 1;
    char *out = NULL;

    *len = 0;
    for (size_t i = 0; i < t->nr; i++) {
        const char *name = t->nodes[i].path;

        if (fake_path_is_below(name, path) && strlen(name) > skip && strchr(name + skip, '/') == NULL) {
            size_t bytes = strlen(name + skip) + 1;

            out = realloc(out, *len + bytes);
            memcpy(out + *len, name + skip, bytes);
            *len += bytes;
        }
    }
    return out;
}
