/* memo.h: what one walk over a graph has met, so that shared parts stay shared. */
#ifndef CROSSINTERP_MEMO_H
#define CROSSINTERP_MEMO_H

#include "core.h"

typedef struct core_memo_entry {
    const void *key;  /* NULL: free */
    PyObject *object; /* strong, or NULL */
    xi_value value;   /* owned */
} core_memo_entry;

/* A hash table by address.  The first few entries need no allocation. */
typedef struct core_memo {
    core_memo_entry *entries;
    size_t mask;
    size_t used;
    core_memo_entry first[8];
} core_memo;

void core_memo_init(core_memo *memo);
void core_memo_clear(core_memo *memo);
/* The entry of a key, or NULL. */
core_memo_entry *core_memo_find(core_memo *memo, const void *key);
/* The entry of a key, new (without object and value) when there was none; valid until the next call.  NULL: no memory,
 * with the Python exception set. */
core_memo_entry *core_memo_add(core_memo *memo, const void *key);

#endif /* CROSSINTERP_MEMO_H */
