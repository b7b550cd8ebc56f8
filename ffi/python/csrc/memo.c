/* memo.c: an open hash table from addresses to what was made of the things there. */
#include "memo.h"

#include <string.h>

void core_memo_init(core_memo *memo)
{
    memo->entries = memo->first;
    memo->mask = sizeof(memo->first) / sizeof(memo->first[0]) - 1;
    memo->used = 0;
    memset(memo->first, 0, sizeof(memo->first));
}

void core_memo_clear(core_memo *memo)
{
    if (memo->used != 0) {
        for (size_t i = 0; i <= memo->mask; i++) {
            core_memo_entry *entry = &memo->entries[i];
            if (entry->key != NULL) {
                xi_value_release(&entry->value);
                Py_XDECREF(entry->object);
            }
        }
    }
    if (memo->entries != memo->first) {
        PyMem_Free(memo->entries);
    }
    memo->entries = memo->first;
}

/* The place of a key: its entry, or the free one where it would go. */
static core_memo_entry *place_of(core_memo_entry *entries, size_t mask, const void *key)
{
    /* Addresses differ in their middle bits; the multiplication spreads them to the top ones. */
    uint64_t hash = ((uint64_t)(uintptr_t)key >> 4) * UINT64_C(0x9E3779B97F4A7C15);
    size_t index = (size_t)(hash >> 32) & mask;
    while (entries[index].key != NULL && entries[index].key != key) {
        index = (index + 1) & mask;
    }
    return &entries[index];
}

core_memo_entry *core_memo_find(core_memo *memo, const void *key)
{
    if (memo->used == 0) {
        return NULL;
    }
    core_memo_entry *entry = place_of(memo->entries, memo->mask, key);
    return entry->key == NULL ? NULL : entry;
}

static int grow(core_memo *memo)
{
    size_t mask = memo->mask * 4 + 3;
    core_memo_entry *entries = PyMem_Calloc(mask + 1, sizeof(core_memo_entry));
    if (entries == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i <= memo->mask; i++) {
        if (memo->entries[i].key != NULL) {
            /* The old table is given up at once, so its values and references just change their place. */
            *place_of(entries, mask, memo->entries[i].key) = memo->entries[i];
        }
    }
    if (memo->entries != memo->first) {
        PyMem_Free(memo->entries);
    }
    memo->entries = entries;
    memo->mask = mask;
    return 0;
}

core_memo_entry *core_memo_add(core_memo *memo, const void *key)
{
    core_memo_entry *entry = place_of(memo->entries, memo->mask, key);
    if (entry->key != NULL) {
        return entry;
    }
    if ((memo->used + 1) * 4 > (memo->mask + 1) * 3) {
        if (grow(memo) < 0) {
            return NULL;
        }
        entry = place_of(memo->entries, memo->mask, key);
    }
    memo->used++;
    entry->key = key;
    return entry;
}
