// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table of states that grows: see states.h. */
#include "states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "props/base/prng.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static void *resize(void *p, size_t count, size_t size)
{
    void *resized = realloc(p, count * size);

    if (!resized) {
        fprintf(stderr, "exhaustive: no memory for %zu MiB of states\n", (count * size) >> 20);
        exit(1);
    }
    return resized;
}

static uint32_t place(const struct states *states, const struct key *key)
{
    return (uint32_t)prng_mix(key->word[0] ^ prng_mix(key->word[1])) & states->mask;
}

static void insert(struct states *states, uint32_t index)
{
    uint32_t at = place(states, &states->state[index].key);

    while (states->table[at])
        at = (at + 1) & states->mask;
    states->table[at] = index + 1;
}

static void grow(struct states *states)
{
    states->room = states->room ? 2 * states->room : 1 << 16;
    states->mask = 2 * states->room - 1;
    states->state = resize(states->state, states->room, sizeof(*states->state));
    states->table = resize(states->table, (size_t)states->mask + 1, sizeof(*states->table));
    memset(states->table, 0, ((size_t)states->mask + 1) * sizeof(*states->table));
    for (uint32_t i = 0; i < states->count; i++)
        insert(states, i);
}

bool states_have(const struct states *states, const struct key *key)
{
    if (!states->room)
        return false;
    for (uint32_t at = place(states, key); states->table[at]; at = (at + 1) & states->mask)
        if (!memcmp(&states->state[states->table[at] - 1].key, key, sizeof(*key)))
            return true;
    return false;
}

bool states_add(struct states *states, const struct state *state)
{
    if (states_have(states, &state->key))
        return false;
    if (states->count == states->room)
        grow(states);
    states->state[states->count] = *state;
    insert(states, states->count++);
    return true;
}

UNINSTRUMENTED_END
